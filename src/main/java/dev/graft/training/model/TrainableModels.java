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
import dev.graft.weights.MappedTensor;
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
   * Copies the base to the device and adds what trains. The directory may be closed afterwards.
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
    ModelTensors tensors = new ModelTensors(recipe.precision());
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
      PtNDArray gradient = Objects.requireNonNull(gradients.get(each.of()), each.of());
      tensors.put(
          each.name(), memory.columns(tensors.require(each.of()), each.start(), each.count()));
      gradients.put(each.name(), memory.columns(gradient, each.start(), each.count()));
    }
    Map<String, PtNDArray> kept = frozen(memory, tuner, recipe, tensors);
    fill(memory, base, recipe, tensors, parameters);
    start(memory, parameters, tuner.start(recipe.seed()));
    Family family = Family.of(base.config());
    Transformer model = Transformer.compile(family, memory, tensors, gradients, tuner);
    Tuner.Allocated allocated = tuner.allocated();
    StepRule rule =
        allocated == null ? StepRule.NONE : new RankAllocator(memory, parameters, allocated, kept);
    Reference reference = Reference.of(memory, base, tuner, recipe, model, tensors);
    TensorTable table = new TensorTable(memory, kept);
    return new TrainableTransformer(
        memory, model, tuner, parameters, computed, rule, table, reference, recipe);
  }

  /** What a method adds that does not train; gives those that belong to its result. */
  private static Map<String, PtNDArray> frozen(
      DeviceMemory memory, Tuner tuner, Recipe recipe, ModelTensors tensors) {
    Map<String, PtNDArray> kept = new LinkedHashMap<>();
    for (NamedTensor each : tuner.frozen(recipe.seed())) {
      PtNDArray loaded = memory.load(each);
      tensors.put(each.name(), loaded);
      if (tuner.kept().contains(each.name())) kept.put(each.name(), loaded);
    }
    return kept;
  }

  /** The base's tensors, except where there is another already; copies where it trains. */
  private static void fill(
      DeviceMemory memory,
      ModelDirectory base,
      Recipe recipe,
      ModelTensors tensors,
      Parameters parameters) {
    BaseWeights weights = new BaseWeights(base, recipe.quantization());
    Map<String, NamedTensor> newHead = new LinkedHashMap<>();
    for (NamedTensor each : NewHead.start(base, recipe.seed())) newHead.put(each.name(), each);
    for (ModelConfig.Parameter each : base.config().parameters()) {
      String name = each.name();
      NamedTensor fresh = newHead.get(name);
      if (parameters.contains(name)) {
        try (PtNDArray loaded =
            fresh != null ? memory.load(fresh) : memory.load(plain(base, each))) {
          memory.copy(parameters.value(name), loaded);
        }
        tensors.putTrained(each, parameters.value(name));
      } else if (tensors.contains(name)) {
        continue;
      } else if (fresh != null) {
        tensors.put(name, memory.load(fresh));
      } else {
        tensors.load(memory, each, weights.stored(each));
      }
    }
  }

  private static MappedTensor plain(ModelDirectory base, ModelConfig.Parameter parameter) {
    if (base.weights().stored(parameter) instanceof MappedTensor plain) return plain;
    throw new IllegalArgumentException(
        "the base model is quantised: its weight " + parameter.name() + " cannot train");
  }

  private static void start(DeviceMemory memory, Parameters parameters, List<NamedTensor> start) {
    for (NamedTensor each : start) {
      try (PtNDArray loaded = memory.load(each)) {
        memory.copy(parameters.value(each.name()), loaded);
      }
    }
  }
}
