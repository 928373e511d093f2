package dev.graft.training.model.forward;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.IValue;
import dev.graft.training.kernels.Kernels;
import dev.graft.training.kernels.TorchScriptModule;
import dev.graft.training.model.device.DeviceMemory;
import dev.graft.training.model.device.ModelTensors;
import dev.graft.training.model.family.Family;
import dev.graft.training.program.LayerProgram;
import dev.graft.training.program.LayerTensors;
import dev.graft.training.program.Statement;
import dev.graft.training.program.layer.ReadValues;
import dev.graft.training.program.layer.Widen;
import dev.graft.training.tuner.part.Rewrite;
import dev.graft.training.tuner.part.VirtualTokens;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A model compiled for the tensors it has, as a row of stages: the embedding, the layers, the head.
 * Layers with the same statements and trained tensors share a program. It does not own the tensors.
 */
public final class Transformer implements AutoCloseable {
  /**
   * A part of the model.
   *
   * @param program name of its methods
   * @param weights argument {@code w}
   * @param gradients argument {@code gradients}
   * @param trains whether a tensor of this stage trains
   * @param drops whether training computes something else than inference even where nothing trains
   */
  public record Stage(
      String program, IValue weights, IValue gradients, boolean trains, boolean drops) {}

  private final Family family;
  private final ModelTensors tensors;
  private final TorchScriptModule module;
  private final List<Stage> stages;
  private final Rewrite adapter;

  private Transformer(
      Family family,
      ModelTensors tensors,
      TorchScriptModule module,
      List<Stage> stages,
      Rewrite adapter) {
    this.family = family;
    this.adapter = adapter;
    this.tensors = tensors;
    this.module = module;
    this.stages = stages;
  }

  /**
   * Compiles a model that does not train.
   *
   * @param tensors by Hugging Face name, those of adapters by PEFT's suffixes
   */
  public static Transformer frozen(
      Family family, DeviceMemory memory, ModelTensors tensors, Rewrite adapter) {
    return compile(family, memory, tensors, Map.of(), adapter);
  }

  public static Transformer compile(
      Family family,
      DeviceMemory memory,
      ModelTensors tensors,
      Map<String, PtNDArray> gradients,
      Rewrite adapter) {
    Compilation compilation = new Compilation(tensors, gradients, adapter);
    compilation.add("", family.embedding(), "embedding", ReadValues.NONE);
    for (int i = 0; i < family.config().numHiddenLayers(); i++) {
      String prefix = family.config().layerPrefix(i);
      compilation.add(prefix, family.layer(i), "layer", ReadValues.NONE);
    }
    compilation.add("", head(family), "head", ReadValues.NONE);
    TorchScriptModule module = Kernels.load(compilation.methods(), memory.device());
    return new Transformer(family, tensors, module, compilation.stages(), adapter);
  }

  /**
   * Compiles embedding and layers of a base without an adapter.
   *
   * @param shown of each layer: its method {@code _inputs} gives them, too
   */
  public static Transformer shown(
      Family family, DeviceMemory memory, ModelTensors tensors, List<ReadValues> shown) {
    Compilation compilation = new Compilation(tensors, Map.of(), Rewrite.NONE);
    compilation.add("", family.embedding(), "embedding", ReadValues.NONE);
    for (int i = 0; i < shown.size(); i++) {
      compilation.add(family.config().layerPrefix(i), family.layer(i), "layer", shown.get(i));
    }
    TorchScriptModule module = Kernels.load(compilation.methods(), memory.device());
    return new Transformer(family, tensors, module, compilation.stages(), Rewrite.NONE);
  }

  /** Scores of labels are read in f32; hidden states go on to the loss as they are. */
  private static List<Statement> head(Family family) {
    if (family.output() != null) return family.head();
    List<Statement> head = new ArrayList<>(family.head());
    head.add(new Widen("scores", head.getLast().output()));
    return head;
  }

  /** Parts with equal statements become one program. */
  private record Part(List<Statement> statements, LayerTensors tensors, List<String> shown) {}

  private static final class Compilation {
    private final ModelTensors tensors;
    private final Map<String, PtNDArray> gradients;
    private final Rewrite adapter;
    private final Map<Part, String> programs = new LinkedHashMap<>();
    private final List<Stage> stages = new ArrayList<>();
    private final StringBuilder methods = new StringBuilder();

    Compilation(ModelTensors tensors, Map<String, PtNDArray> gradients, Rewrite adapter) {
      this.tensors = tensors;
      this.gradients = gradients;
      this.adapter = adapter;
    }

    void add(String prefix, List<Statement> base, String kind, ReadValues shown) {
      List<Statement> statements = adapter.apply(prefix, base);
      LayerTensors names =
          LayerTensors.of(
              statements,
              name -> gradients.containsKey(full(prefix, name)),
              name -> tensors.form(full(prefix, name)));
      Part part = new Part(statements, names, shown.values());
      String program = programs.get(part);
      if (program == null) {
        program = kind + programs.size();
        programs.put(part, program);
        LayerProgram text = new LayerProgram(program, statements, names);
        methods.append(
            switch (kind) {
              case "embedding" -> text.methodsOfEmbedding();
              case "head" -> text.methodsOfHead();
              default -> text.methods();
            });
        if (!shown.values().isEmpty()) methods.append(text.inputs(shown.values()));
      }
      stages.add(
          new Stage(
              program,
              list(names.names(), prefix, tensors::require),
              list(
                  names.trainedInOrder(),
                  prefix,
                  name -> Objects.requireNonNull(gradients.get(name), name)),
              !names.trained().isEmpty(),
              statements.stream().anyMatch(Statement::drops)));
    }

    String methods() {
      return methods.toString();
    }

    List<Stage> stages() {
      return List.copyOf(stages);
    }

    private static String full(String prefix, String name) {
      return name.startsWith("/") ? name.substring(1) : prefix + name;
    }

    private static IValue list(
        List<String> names, String prefix, Function<String, PtNDArray> tensors) {
      PtNDArray[] array =
          names.stream().map(name -> tensors.apply(full(prefix, name))).toArray(PtNDArray[]::new);
      return IValue.listFrom(array);
    }
  }

  public Family family() {
    return family;
  }

  /** What is in front of every row. */
  public VirtualTokens virtualTokens() {
    return adapter.virtualTokens();
  }

  /** Name of the matrix that makes logits of what the head computes; null for a classification. */
  public @Nullable String output() {
    String ofBase = family.output();
    return ofBase == null ? null : adapter.output(ofBase);
  }

  public TorchScriptModule module() {
    return module;
  }

  /** The embedding, the layers, the head. */
  public List<Stage> stages() {
    return stages;
  }

  public PtNDArray tensor(String name) {
    return tensors.require(name);
  }

  @Override
  public void close() {
    for (Stage stage : stages) {
      stage.weights().close();
      stage.gradients().close();
    }
    module.close();
  }
}
