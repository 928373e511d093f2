package dev.graft.training.model;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.spec.AdapterMethod;
import dev.graft.training.TrainableModel;
import dev.graft.training.tuner.Columns;
import dev.graft.training.tuner.Computed;
import dev.graft.training.tuner.NewHead;
import dev.graft.training.tuner.Slot;
import dev.graft.training.tuner.Tuner;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Builds a trainable model from a checkpoint and a method. */
public final class TrainableModels {
  private TrainableModels() {}

  /** As {@link #load(ModelDirectory, Recipe)}, without label smoothing. */
  public static TrainableModel load(
      ModelDirectory base, AdapterMethod method, AdamW optimiser, Plan plan, long seed) {
    return load(base, new Recipe(method, optimiser, plan, 0, seed));
  }

  /**
   * Copies the base to the device as f32 and adds what trains. The directory may be closed
   * afterwards.
   *
   * @throws dev.graft.weights.BadModel if the checkpoint does not hold what its config asks for
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static TrainableModel load(ModelDirectory base, Recipe recipe) {
    Tuner tuner = Tuner.of(recipe.method(), base);
    DeviceMemory memory = DeviceMemory.open(Device.cpu());
    try {
      return load(memory, base, tuner, recipe);
    } catch (RuntimeException e) {
      memory.close();
      throw e;
    }
  }

  private static TrainableModel load(
      DeviceMemory memory, ModelDirectory base, Tuner tuner, Recipe recipe) {
    Parameters parameters = new Parameters(memory, recipe.optimiser(), tuner.slots());
    Map<String, PtNDArray> tensors = new LinkedHashMap<>();
    Map<String, PtNDArray> gradients = new LinkedHashMap<>();
    for (Slot slot : tuner.slots()) {
      tensors.put(slot.name(), parameters.value(slot.name()));
      gradients.put(slot.name(), parameters.gradient(slot.name()));
    }
    Computed of = tuner.computed();
    ComputedTensor computed = of == null ? null : new ComputedTensor(memory, of, parameters);
    if (of != null && computed != null) {
      tensors.put(of.name(), computed.value());
      gradients.put(of.name(), computed.gradient());
    }
    for (Columns each : tuner.columns()) {
      tensors.put(each.name(), columns(memory, tensors, each));
      gradients.put(each.name(), columns(memory, gradients, each));
    }
    for (NamedTensor each : tuner.frozen(recipe.seed())) {
      tensors.put(each.name(), memory.load(each));
    }
    fill(memory, base, tensors, parameters, recipe.seed());
    start(memory, parameters, tuner.start(recipe.seed()));
    Family family = Family.of(base.config());
    Transformer model = Transformer.compile(family, memory, tensors, gradients, tuner);
    return new TrainableTransformer(memory, model, tuner, parameters, computed, recipe);
  }

  private static PtNDArray columns(
      DeviceMemory memory, Map<String, PtNDArray> from, Columns columns) {
    PtNDArray matrix = Objects.requireNonNull(from.get(columns.of()), columns.of());
    return memory.columns(matrix, columns.start(), columns.count());
  }

  /** The base's tensors, except where there is another already; copies where it trains. */
  private static void fill(
      DeviceMemory memory,
      ModelDirectory base,
      Map<String, PtNDArray> tensors,
      Parameters parameters,
      long seed) {
    Map<String, NamedTensor> newHead = new LinkedHashMap<>();
    for (NamedTensor each : NewHead.start(base, seed)) newHead.put(each.name(), each);
    for (ModelConfig.Parameter each : base.config().parameters()) {
      String name = each.name();
      boolean trains = parameters.contains(name);
      if (!trains && tensors.containsKey(name)) continue;
      NamedTensor fresh = newHead.get(name);
      PtNDArray loaded =
          fresh != null
              ? memory.load(fresh)
              : memory.load(base.weights().require(name, each.shape()));
      if (!trains) {
        tensors.put(name, loaded);
        continue;
      }
      try (loaded) {
        memory.copy(parameters.value(name), loaded);
      }
    }
  }

  private static void start(DeviceMemory memory, Parameters parameters, List<NamedTensor> start) {
    for (NamedTensor each : start) {
      try (PtNDArray loaded = memory.load(each)) {
        memory.copy(parameters.value(each.name()), loaded);
      }
    }
  }
}
