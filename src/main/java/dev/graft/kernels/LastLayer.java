package dev.graft.kernels;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The layer below the head, whose other tokens nobody looks at: behind attention, which reads all
 * of them, it goes on with those that the head picks.
 */
public final class LastLayer {
  private LastLayer() {}

  /** Picks behind attention. */
  public static List<Statement> picking(List<Statement> layer) {
    List<Statement> picking = new ArrayList<>();
    Map<String, String> picked = new HashMap<>();
    for (Statement each : layer) {
      picking.add(picked.isEmpty() ? each : reading(each, picked));
      if (!(each instanceof Attend attend)) continue;
      for (String value : List.of(attend.output(), LayerProgram.INPUT)) {
        picked.put(value, value + "_picked");
        picking.add(new Pick(value + "_picked", value));
      }
    }
    return picking;
  }

  /** Picks at its end: what is dropped at random is dropped for every token. */
  public static List<Statement> pickingLast(List<Statement> layer) {
    List<Statement> picking = new ArrayList<>(layer);
    picking.add(new Pick("picked", layer.getLast().output()));
    return picking;
  }

  /** Linear layers that see the picked tokens alone. */
  public static Set<String> modules(List<Statement> layer) {
    return layer.stream()
        .dropWhile(each -> !(each instanceof Attend))
        .mapMulti(
            (Statement each, Consumer<String> modules) -> {
              if (each instanceof LinearLayer linear) modules.accept(linear.module());
            })
        .collect(Collectors.toSet());
  }

  private static Statement reading(Statement statement, Map<String, String> picked) {
    if (statement.inputs().stream().noneMatch(picked::containsKey)) return statement;
    return switch (statement) {
      case LinearLayer each -> each.reading(picked.getOrDefault(each.input(), each.input()));
      case LayerNorm each -> each.reading(picked.getOrDefault(each.input(), each.input()));
      case Sum each ->
          new Sum(
              each.output(),
              picked.getOrDefault(each.left(), each.left()),
              picked.getOrDefault(each.right(), each.right()),
              each.factor());
      default -> throw new IllegalStateException("reads behind attention: " + statement);
    };
  }
}
