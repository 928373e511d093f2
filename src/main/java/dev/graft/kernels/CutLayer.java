package dev.graft.kernels;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Writes a layer's forward and backward in two, for lanes of tokens: what comes before the
 * statement that hands on, and that one with what comes after it. Lanes that compute equally long
 * then reach what they need of each other at the same time. {@code <name>} and arguments as in
 * {@link LayerProgram}; the last three end with {@code _first} where dx is not wanted.
 *
 * <ul>
 *   <li>{@code <name>_before(x, w, c, chunks, windowed) -> before}
 *   <li>{@code <name>_handed(before, c) -> Tensor}: what tokens behind these see
 *   <li>{@code <name>_after(before, w, c, chunks, windowed) -> (y, saved)}
 *   <li>{@code <name>_backward_after(g, saved, w, gradients, c, chunks, windowed) -> waiting}:
 *       gradients of values of {@code before}
 *   <li>{@code <name>_returned(waiting, c)}: adds to them what tokens behind these give back
 *   <li>{@code <name>_backward_before(waiting, saved, w, gradients, c, chunks, windowed) -> dx}
 * </ul>
 */
record CutLayer(
    LayerProgram program, List<Statement> before, HandsOn handing, List<Statement> after) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z_]\\w*");
  private static final String DOWN = "w: List[Tensor], gradients: List[Tensor], ";

  static Optional<CutLayer> of(LayerProgram program, List<Statement> statements) {
    for (int i = 0; i < statements.size(); i++) {
      if (!(statements.get(i) instanceof HandsOn handing)) continue;
      List<Statement> after = statements.subList(i, statements.size());
      return Optional.of(new CutLayer(program, statements.subList(0, i), handing, after));
    }
    return Optional.empty();
  }

  String methods() {
    return forward() + backward(true) + (program.trains() ? backward(false) : "");
  }

  private String forward() {
    Map<String, String> saved = program.saved(true);
    LayerText text = program.text(true);
    before.forEach(each -> each.forward(text));
    String first = text.cut();
    after.forEach(each -> each.forward(text));
    Map<String, String> live = live(first, text.lines(), saved);
    String names = String.join(", ", live.keySet());
    String tuple = "before: " + LayerProgram.types(live);
    String unpacked = LayerProgram.unpacked(live.keySet(), "before");
    String handed = handing.handed();
    return program.method(
            "before",
            "x: Tensor, " + LayerProgram.READ,
            LayerProgram.types(live),
            first + "    return (%s,)\n".formatted(names))
        + program.method(
            "handed",
            tuple + ", c: List[Tensor]",
            "Tensor",
            unpacked + "    return %s\n".formatted(handed))
        + program.method(
            "after",
            tuple + ", " + LayerProgram.READ,
            "Tuple[Tensor, %s]".formatted(LayerProgram.types(saved)),
            unpacked
                + text.lines()
                + "    return (%s, (%s,))\n"
                    .formatted(program.output(), String.join(", ", saved.keySet())));
  }

  /** Values of the first part that the second reads or returns, with their types. */
  private static Map<String, String> live(String first, String second, Map<String, String> saved) {
    Set<String> there = new LinkedHashSet<>(List.of(LayerProgram.INPUT));
    for (String line : first.lines().toList()) {
      there.addAll(names(line.substring(0, line.indexOf(" = "))));
    }
    Set<String> wanted = names(second);
    wanted.addAll(saved.keySet());
    there.retainAll(wanted);
    Map<String, String> live = new LinkedHashMap<>();
    for (String each : there) live.put(each, saved.getOrDefault(each, "Tensor"));
    return live;
  }

  private static Set<String> names(String text) {
    return NAME.matcher(text)
        .results()
        .map(MatchResult::group)
        .collect(Collectors.toCollection(LinkedHashSet::new));
  }

  private String backward(boolean inputGradient) {
    Map<String, String> saved = program.saved(true);
    String unpacked = LayerProgram.unpacked(saved.keySet(), "saved");
    String types = "saved: %s, ".formatted(LayerProgram.types(saved));
    LayerText text = program.beginBackward(inputGradient);
    LayerProgram.down(after, text);
    List<String> waiting = text.waiting();
    String together = LayerProgram.unpacked(waiting, "waiting");
    String returned = handing.returned(text);
    String second = text.cut();
    LayerProgram.down(before, text);
    String suffix = inputGradient ? "" : "_first";
    return program.method(
            "backward_after" + suffix,
            "g: Tensor, " + types + DOWN + LayerProgram.BATCH,
            "List[Tensor]",
            unpacked
                + second
                + "    return annotate(List[Tensor], [%s])\n".formatted(String.join(", ", waiting)))
        + program.method(
            "returned" + suffix,
            "waiting: List[Tensor], c: List[Tensor]",
            "int",
            together + "    return %s\n".formatted(returned))
        + program.method(
            "backward_before" + suffix,
            "waiting: List[Tensor], " + types + DOWN + LayerProgram.BATCH,
            inputGradient ? "Tensor" : "int",
            unpacked
                + together
                + text.lines()
                + "    return %s\n".formatted(inputGradient ? text.take(LayerProgram.INPUT) : "0"));
  }
}
