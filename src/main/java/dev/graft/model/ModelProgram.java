package dev.graft.model;

import dev.graft.kernels.Elementwise.Widen;
import dev.graft.kernels.LayerProgram;
import dev.graft.kernels.LayerTensors;
import dev.graft.kernels.LayerTensors.WeightForm;
import dev.graft.kernels.LinearLayer.ReadValues;
import dev.graft.kernels.Statement;
import dev.graft.kernels.Statement.HandsOn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The text that a model runs: the embedding, the layers, the head. Parts with the same statements
 * and trained tensors share a program.
 */
public final class ModelProgram {
  private final Rewrite adapter;
  private final Predicate<String> trained;
  private final Function<String, @Nullable WeightForm> forms;
  private final Map<Written, String> programs = new LinkedHashMap<>();
  private final Map<String, String> methods = new LinkedHashMap<>();
  private final List<Part> parts = new ArrayList<>();

  /** The key of a program: parts with equal keys share it. */
  private record Written(List<Statement> statements, LayerTensors tensors, List<String> shown) {}

  /**
   * A part of the model.
   *
   * @param prefix of the names of its tensors, such as {@code model.layers.3.}
   * @param program name of its methods
   * @param drops whether training differs from inference even if nothing trains
   * @param divides whether rows can be computed separately with the same result
   * @param hands whether tokens depend on earlier ones
   */
  public record Part(
      String prefix,
      String program,
      LayerTensors tensors,
      boolean drops,
      boolean divides,
      boolean hands) {
    /** Returns the name of one of its tensors in the model. */
    public String full(String name) {
      return ModelProgram.full(prefix, name);
    }
  }

  private ModelProgram(
      Rewrite adapter, Predicate<String> trained, Function<String, @Nullable WeightForm> forms) {
    this.adapter = adapter;
    this.trained = trained;
    this.forms = forms;
  }

  /**
   * Returns the program of a whole model.
   *
   * @param trained whether a tensor of that name trains
   * @param forms of tensors that are not plain numbers, by name
   */
  public static ModelProgram of(
      Family family,
      Rewrite adapter,
      Predicate<String> trained,
      Function<String, @Nullable WeightForm> forms) {
    ModelProgram program = new ModelProgram(adapter, trained, forms);
    program.add("", family.embedding(), "embedding", ReadValues.NONE);
    int last = family.config().numHiddenLayers() - 1;
    for (int i = 0; i < last; i++) {
      program.add(family.config().layerPrefix(i), family.layer(i), "layer", ReadValues.NONE);
    }
    String prefix = family.config().layerPrefix(last);
    program.add(prefix, program.last(prefix, family.layer(last)), "layer", ReadValues.NONE);
    program.add("", head(family), "head", ReadValues.NONE);
    return program;
  }

  /** Returns the last layer, of which the head reads only the tokens that it picks. */
  private List<Statement> last(String prefix, List<Statement> layer) {
    boolean drops = adapter.apply(prefix, layer).stream().anyMatch(Statement::drops);
    return drops ? LayerProgram.pickingLast(layer) : LayerProgram.picking(layer);
  }

  /**
   * Returns the program of embedding and layers of a base without an adapter.
   *
   * @param shown values of each layer that its method {@code _inputs} also returns
   */
  static ModelProgram shown(
      Family family, Function<String, @Nullable WeightForm> forms, List<ReadValues> shown) {
    ModelProgram program = new ModelProgram(Rewrite.NONE, name -> false, forms);
    program.add("", family.embedding(), "embedding", ReadValues.NONE);
    for (int i = 0; i < shown.size(); i++) {
      program.add(family.config().layerPrefix(i), family.layer(i), "layer", shown.get(i));
    }
    return program;
  }

  /** Returns the head; the scores of labels are widened to f32, hidden states are not. */
  private static List<Statement> head(Family family) {
    if (family.output() != null) return family.head();
    List<Statement> head = new ArrayList<>(family.head());
    head.add(new Widen("scores", head.getLast().output()));
    return head;
  }

  private void add(String prefix, List<Statement> base, String kind, ReadValues shown) {
    List<Statement> statements = adapter.apply(prefix, base);
    LayerTensors tensors =
        LayerTensors.of(
            statements,
            name -> trained.test(full(prefix, name)),
            name -> forms.apply(full(prefix, name)));
    String program =
        programs.computeIfAbsent(
            new Written(statements, tensors, shown.values()),
            written -> write(kind + programs.size(), kind, written));
    boolean drops = statements.stream().anyMatch(Statement::drops);
    boolean byToken = statements.stream().allMatch(Statement::dropsByToken);
    // the head sees only the tokens that it picks
    boolean divides = byToken && !(drops && kind.equals("head"));
    boolean hands = statements.stream().anyMatch(HandsOn.class::isInstance);
    parts.add(new Part(prefix, program, tensors, drops, divides, hands));
  }

  private String write(String program, String kind, Written part) {
    LayerProgram text = new LayerProgram(program, part.statements(), part.tensors());
    String written =
        switch (kind) {
          case "embedding" -> text.methodsOfEmbedding();
          case "head" -> text.methodsOfHead();
          default -> text.methods();
        };
    methods.put(program, part.shown().isEmpty() ? written : written + text.inputs(part.shown()));
    return program;
  }

  private static String full(String prefix, String name) {
    return name.startsWith("/") ? name.substring(1) : prefix + name;
  }

  /** Returns the embedding, the layers and the head. */
  public List<Part> parts() {
    return List.copyOf(parts);
  }

  /** Returns all methods, indented as members of a class. */
  public String text() {
    return String.join("", methods.values());
  }

  /** Returns the methods of one program. */
  public String text(String program) {
    return methods.getOrDefault(program, "");
  }
}
