package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.BatchContext;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.LayerTensors;
import dev.graft.kernels.LinearLayer.ReadValues;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.weights.Rope;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A model compiled for its tensors, as a sequence of stages: see {@link ModelProgram}. It does not
 * own the tensors.
 */
final class Transformer implements AutoCloseable {
  /**
   * A part of the model.
   *
   * @param program name of its methods
   * @param weights argument {@code w}
   * @param gradients argument {@code gradients}
   * @param trains whether a tensor of this stage trains
   * @param drops whether training differs from inference even if nothing trains
   * @param divides whether rows can be computed separately with the same result
   * @param hands whether tokens depend on earlier ones
   */
  public record Stage(
      String program,
      IValue weights,
      IValue gradients,
      boolean trains,
      boolean drops,
      boolean divides,
      boolean hands) {}

  private final Family family;
  private final DeviceMemory memory;
  private final ModelTensors tensors;
  private final ModelProgram program;
  private final TorchScriptModule module;
  private final List<Stage> stages;
  private final Rewrite adapter;
  private final Ropes ropes;

  /** Whether this object owns module and ropes. */
  private final boolean owner;

  private Transformer(
      Family family,
      DeviceMemory memory,
      ModelTensors tensors,
      Map<String, PtNDArray> gradients,
      Rewrite adapter,
      ModelProgram program) {
    this.family = family;
    this.memory = memory;
    this.adapter = adapter;
    this.tensors = tensors;
    this.program = program;
    ropes = Ropes.of(family, memory);
    module = Kernels.load(program.text(), memory.device());
    stages = stages(gradients);
    owner = true;
  }

  private Transformer(Transformer other, Map<String, PtNDArray> gradients) {
    family = other.family;
    memory = other.memory;
    adapter = other.adapter;
    tensors = other.tensors;
    program = other.program;
    ropes = other.ropes;
    module = other.module;
    stages = stages(gradients);
    owner = false;
  }

  /**
   * Returns the same model adding to other gradients, so that each can be used by its own thread.
   * It must be closed before this one.
   */
  public Transformer addingTo(Map<String, PtNDArray> gradients) {
    return new Transformer(this, gradients);
  }

  private List<Stage> stages(Map<String, PtNDArray> gradients) {
    return program.parts().stream().map(part -> stage(part, gradients)).toList();
  }

  private Stage stage(ModelProgram.Part part, Map<String, PtNDArray> gradients) {
    LayerTensors of = part.tensors();
    return new Stage(
        part.program(),
        list(of.names(), name -> tensors.require(part.full(name))),
        list(of.trainedInOrder(), name -> Objects.requireNonNull(gradients.get(part.full(name)))),
        !of.trained().isEmpty(),
        part.drops(),
        part.divides(),
        part.hands());
  }

  private static IValue list(List<String> names, Function<String, PtNDArray> tensors) {
    return IValue.listFrom(names.stream().map(tensors).toArray(PtNDArray[]::new));
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
    ModelProgram program = ModelProgram.of(family, adapter, gradients::containsKey, tensors::form);
    return new Transformer(family, memory, tensors, gradients, adapter, program);
  }

  /**
   * Compiles embedding and layers of a base without an adapter.
   *
   * @param shown values of each layer that its method {@code _inputs} also returns
   */
  public static Transformer shown(
      Family family, DeviceMemory memory, ModelTensors tensors, List<ReadValues> shown) {
    ModelProgram program = ModelProgram.shown(family, tensors::form, shown);
    return new Transformer(family, memory, tensors, Map.of(), Rewrite.NONE, program);
  }

  public Family family() {
    return family;
  }

  public DeviceMemory memory() {
    return memory;
  }

  /** Returns torch's number of the element type of hidden states. */
  public int kind() {
    return tensors.kind();
  }

  Ropes ropes() {
    return ropes;
  }

  /** Returns the tokens in front of every row. */
  public Rewrite.VirtualTokens virtualTokens() {
    return adapter.virtualTokens();
  }

  /** Returns the name of the output matrix; null for a classification. */
  public @Nullable String output() {
    String ofBase = family.output();
    return ofBase == null ? null : adapter.output(ofBase);
  }

  public ModelProgram program() {
    return program;
  }

  public TorchScriptModule module() {
    return module;
  }

  /**
   * Runs a method of a stage on the way up.
   *
   * @param context argument {@code c}
   * @param more arguments that follow the usual ones
   */
  IValue up(
      Stage stage, String method, IValue x, BatchInputs inputs, IValue context, Object... more) {
    Stream<Object> usual =
        Stream.of(x, stage.weights(), context, inputs.chunks(), inputs.windowed());
    return module.invoke(
        stage.program() + method, Stream.concat(usual, Arrays.stream(more)).toArray());
  }

  /** Runs a method of a stage on the way down. */
  IValue down(
      Stage stage, String method, IValue g, IValue saved, BatchInputs inputs, IValue context) {
    return module.invoke(
        stage.program() + method,
        g,
        saved,
        stage.weights(),
        stage.gradients(),
        context,
        inputs.chunks(),
        inputs.windowed());
  }

  /** Returns the embedding, the layers and the head. */
  public List<Stage> stages() {
    return stages;
  }

  /** Returns whether training has dropout or noise. */
  public boolean drops() {
    return stages.stream().anyMatch(Stage::drops);
  }

  /** Returns whether rows can be computed separately with the same result. */
  public boolean divides() {
    return stages.stream().allMatch(Stage::divides);
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
    if (!owner) return;
    ropes.close();
    module.close();
  }

  /** The tables of a model's rotary positions; null where it has none. */
  record Ropes(@Nullable RopeTable global, @Nullable RopeTable local) implements AutoCloseable {
    static Ropes of(Family family, DeviceMemory memory) {
      return new Ropes(table(family.rope(), memory), table(family.localRope(), memory));
    }

    private static @Nullable RopeTable table(@Nullable Rope rope, DeviceMemory memory) {
      return rope == null ? null : new RopeTable(rope, memory);
    }

    /**
     * Adds the rows of a batch's positions.
     *
     * @param known receives their places
     * @param positions place of the positions
     * @param longest largest position + 1
     */
    void add(
        DeviceMemory.Upload upload, Map<BatchContext, Integer> known, int positions, int longest) {
      if (global != null) {
        List<PtNDArray> tables = global.tables(longest);
        known.put(BatchContext.COS, upload.rows(tables.get(0), positions));
        known.put(BatchContext.SIN, upload.rows(tables.get(1), positions));
      }
      if (local != null) {
        List<PtNDArray> tables = local.tables(longest);
        known.put(BatchContext.LOCAL_COS, upload.rows(tables.get(0), positions));
        known.put(BatchContext.LOCAL_SIN, upload.rows(tables.get(1), positions));
      }
    }

    @Override
    public void close() {
      if (global != null) global.close();
      if (local != null) local.close();
    }

    /**
     * Cosines and sines of rotary positions on the device, computed up to the longest row so far.
     */
    static final class RopeTable implements AutoCloseable {
      private static final int FEWEST = 256;

      private final Rope rope;
      private final DeviceMemory memory;
      private float[] frequencies = {};
      private float factor;
      private int positions;
      private @Nullable PtNDManager scope;
      private List<PtNDArray> tables = List.of();

      RopeTable(Rope rope, DeviceMemory memory) {
        this.rope = rope;
        this.memory = memory;
      }

      /**
       * Returns the tables for a batch, each (at least {@code longest}, half of the rotated
       * features): cosines and sines.
       *
       * @param longest largest position + 1, which some ropes depend on
       */
      List<PtNDArray> tables(int longest) {
        if (frequencies.length == 0 || rope.dependsOnPositions()) {
          float[] now = rope.inverseFrequencies(longest);
          float times = rope.attentionFactor(longest);
          if (times != factor || !Arrays.equals(now, frequencies)) {
            frequencies = now;
            factor = times;
            positions = 0;
          }
        }
        if (longest > positions) make(longest);
        return tables;
      }

      /**
       * Creates tables of at least twice the size, so that a growing text recreates them rarely.
       */
      private void make(int longest) {
        positions = Math.max(longest, Math.max(FEWEST, 2 * positions));
        int half = frequencies.length;
        float[] cos = new float[Math.multiplyExact(positions, half)];
        float[] sin = new float[cos.length];
        for (int p = 0; p < positions; p++) {
          for (int i = 0; i < half; i++) {
            float angle = p * frequencies[i]; // in f32, as the reference
            cos[p * half + i] = (float) Math.cos(angle) * factor;
            sin[p * half + i] = (float) Math.sin(angle) * factor;
          }
        }
        close();
        scope = memory.scope();
        DeviceMemory.Upload upload = new DeviceMemory.Upload();
        upload.add(cos, positions, half);
        upload.add(sin, positions, half);
        tables = upload.send(memory, scope);
      }

      @Override
      public void close() {
        if (scope != null) scope.close();
        scope = null;
      }
    }
  }
}
