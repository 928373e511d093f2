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
 * What a model runs, as text: the embedding, the layers, the head. Parts with the same statements
 * and trained tensors share a program.
 */
public final class ModelProgram {
  private final Rewrite adapter;
  private final Predicate<String> trained;
  private final Function<String, @Nullable WeightForm> forms;
  private final Map<Written, String> programs = new LinkedHashMap<>();
  private final Map<String, String> methods = new LinkedHashMap<>();
  private final List<Part> parts = new ArrayList<>();

  /** What two parts must share to run the same program. */
  private record Written(List<Statement> statements, LayerTensors tensors, List<String> shown) {}

  /**
   * A part of the model.
   *
   * @param prefix what the names of its tensors begin with, such as {@code model.layers.3.}
   * @param program name of its methods
   * @param drops whether training computes something else than inference even where nothing trains
   * @param divides whether some of a batch's rows are computed as they are among all of them
   * @param hands whether tokens need something of those before them
   */
  public record Part(
      String prefix,
      String program,
      LayerTensors tensors,
      boolean drops,
      boolean divides,
      boolean hands) {
    /** The name in the model of one of the tensors. */
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
   * The whole of a model.
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

  /** The head reads nothing but the tokens that it picks. */
  private List<Statement> last(String prefix, List<Statement> layer) {
    boolean drops = adapter.apply(prefix, layer).stream().anyMatch(Statement::drops);
    return drops ? LayerProgram.pickingLast(layer) : LayerProgram.picking(layer);
  }

  /**
   * Embedding and layers of a base without an adapter.
   *
   * @param shown of each layer: its method {@code _inputs} gives them, too
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

  /** Scores of labels are read in f32; hidden states go on to the loss as they are. */
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
    // the head sees the tokens that it picks, and no others
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

  /** The embedding, the layers, the head. */
  public List<Part> parts() {
    return List.copyOf(parts);
  }

  /** All methods, indented as members of a class. */
  public String text() {
    return String.join("", methods.values());
  }

  /** The methods of one program. */
  public String text(String program) {
    return methods.getOrDefault(program, "");
  }
}
