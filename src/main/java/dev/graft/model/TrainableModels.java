package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.model.TunerState.ComputedTensor;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Precision;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Builds a trainable model from a checkpoint and a method. */
public final class TrainableModels {
  private TrainableModels() {}

  /** As {@link #load(ModelDirectory, TrainingSetup)}, on the CPU in f32 and with nothing else. */
  public static TrainableModel load(
      ModelDirectory base, AdapterMethod method, AdamW optimiser, ComputePlan plan, long seed) {
    return load(
        base, new TrainingSetup(method, optimiser, Execution.cpu(Precision.F32, plan), seed));
  }

  /**
   * Copies the base to the device and adds what trains. The directory may be closed afterwards.
   *
   * @throws dev.graft.weights.BadModel if the checkpoint does not hold what its config asks for
   * @throws IllegalArgumentException if the method does not fit the base, saying where
   */
  public static TrainableModel load(ModelDirectory base, TrainingSetup recipe) {
    Tuner tuner = Tuner.of(recipe.method(), base);
    return DeviceMemory.open(
        recipe.execution(), memory -> new Loading(memory, base, tuner, recipe).load());
  }

  /** A model on its way to the device. */
  private static final class Loading {
    private final DeviceMemory memory;
    private final ModelDirectory base;
    private final Tuner tuner;
    private final TrainingSetup recipe;
    private final Parameters parameters;
    private final ModelTensors tensors;
    private final Map<String, PtNDArray> gradients = new LinkedHashMap<>();
    private final Map<String, PtNDArray> kept = new LinkedHashMap<>();
    private final Map<String, PtNDArray> remembered = new LinkedHashMap<>();

    Loading(DeviceMemory memory, ModelDirectory base, Tuner tuner, TrainingSetup recipe) {
      this.memory = memory;
      this.base = base;
      this.tuner = tuner;
      this.recipe = recipe;
      parameters = new Parameters(memory, recipe.optimiser(), tuner.slots());
      tensors = new ModelTensors(recipe.execution().precision());
    }

    TrainableModel load() {
      ComputedTensor computed = trained();
      frozen();
      boolean autocast = recipe.execution().autocast();
      var rounded =
          new TunerState.RoundedFactors(memory, tensors, autocast ? tuner.factors() : Set.of());
      fill();
      for (NamedTensor each : tuner.start(recipe.seed())) {
        memory.fill(parameters.value(each.name()), each);
      }
      TunerState.DerivedTensors derived =
          new TunerState.DerivedTensors(memory, tensors, tuner.derived());
      derived.compute();
      tuner
          .startsAs()
          .forEach((slot, name) -> memory.copy(parameters.value(slot), tensors.require(name)));
      recipe.turned(base, tuner).forEach(each -> tensors.turn(memory, each.name()));
      Transformer model = compiled();
      TunerState state =
          new TunerState(
              memory,
              tuner,
              parameters,
              computed,
              rounded,
              derived,
              rule(),
              TunerState.LossScale.of(memory, recipe.execution().precision()),
              new DeviceMemory.TensorTable(memory, kept),
              new DeviceMemory.TensorTable(memory, remembered));
      TrainableTransformer.ReferenceModel reference =
          TrainableTransformer.ReferenceModel.of(memory, base, tuner, recipe, model, tensors);
      boolean alone = computed == null && !tensors.quantised();
      return new TrainableTransformer(
          memory, model, state, reference, alone ? further(model) : null, recipe);
    }

    private Transformer compiled() {
      return Transformer.compile(
          TrainingProgram.family(base, recipe),
          memory,
          tensors,
          gradients,
          TrainingProgram.adapter(tuner, recipe));
    }

    /** The model with other gradients. */
    private Function<Parameters.Gradients, Transformer> further(Transformer model) {
      return other -> {
        Map<String, PtNDArray> all = new LinkedHashMap<>(other.byName());
        columns(all);
        return model.addingTo(all);
      };
    }

    private Parameters.StepRule rule() {
      Tuner.Allocated allocated = tuner.allocated();
      if (allocated == null) return Parameters.StepRule.NONE;
      return new AdaLoraTuner.RankAllocator(memory, parameters, allocated, kept);
    }

    /** The slots, what is computed from them, and the parts of both that layers read. */
    private @Nullable ComputedTensor trained() {
      for (Slot slot : tuner.slots()) {
        tensors.put(slot.name(), parameters.value(slot.name()));
        gradients.put(slot.name(), parameters.gradient(slot.name()));
      }
      Tuner.Computed of = tuner.computed();
      ComputedTensor computed = of == null ? null : new ComputedTensor(memory, of, parameters);
      if (of != null && computed != null) {
        tensors.put(of.name(), computed.value());
        gradients.put(of.name(), computed.gradient());
      }
      for (Tuner.ColumnSlice each : tuner.columns()) {
        tensors.put(
            each.name(), memory.columns(tensors.require(each.of()), each.start(), each.count()));
      }
      columns(gradients);
      return computed;
    }

    /** Adds the parts of gradients that are gradients of parts. */
    private void columns(Map<String, PtNDArray> of) {
      for (Tuner.ColumnSlice each : tuner.columns()) {
        PtNDArray gradient = Objects.requireNonNull(of.get(each.of()), each.of());
        of.put(each.name(), memory.columns(gradient, each.start(), each.count()));
      }
    }

    private void frozen() {
      Set<String> ofBase = base.config().parameterNames();
      for (NamedTensor each : tuner.frozen(recipe.seed())) {
        PtNDArray loaded =
            ofBase.contains(each.name()) ? tensors.rounded(memory, each) : memory.load(each);
        tensors.put(each.name(), loaded);
        if (tuner.kept().contains(each.name())) kept.put(each.name(), loaded);
        if (tuner.remembered().contains(each.name())) remembered.put(each.name(), loaded);
      }
    }

    /** The base's tensors, except where there is another already; copies where it trains. */
    private void fill() {
      BaseWeights weights = new BaseWeights(base, recipe.quantization(), tuner);
      Map<String, NamedTensor> newHead = new LinkedHashMap<>();
      for (NamedTensor each : NewHead.start(base, recipe.seed())) newHead.put(each.name(), each);
      for (ModelConfig.Parameter each : base.config().parameters()) {
        String name = each.name();
        NamedTensor fresh = newHead.get(name);
        if (parameters.contains(name)) {
          memory.fill(parameters.value(name), fresh != null ? fresh : plain(base, each).named());
          tensors.putTrained(each, parameters.value(name));
        } else if (fresh != null && !tensors.contains(name)) {
          tensors.put(name, memory.load(fresh));
        }
      }
      weights.load(memory, tensors, name -> !tensors.contains(name));
    }
  }

  private static MappedTensor plain(ModelDirectory base, ModelConfig.Parameter parameter) {
    if (base.weights().stored(parameter) instanceof MappedTensor plain) return plain;
    throw new IllegalArgumentException(
        "the base model is quantised: its weight " + parameter.name() + " cannot train");
  }
}
