package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.TorchContext;
import dev.graft.model.DerivedTensors.ComputedTensor;
import dev.graft.model.DerivedTensors.RoundedFactors;
import dev.graft.model.DeviceMemory.TensorTable;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Preference;
import dev.graft.weights.MappedTensor;
import dev.graft.weights.ModelConfig;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A model with parameters that train, and what its method keeps beside them on the device. Each
 * step of the recipe is one method.
 */
final class TrainableTransformer implements TrainableModel {
  private final DeviceMemory memory;
  private final Tuner tuner;
  private final Parameters parameters;
  private final @Nullable ComputedTensor computed;
  private final RoundedFactors rounded;
  private final DerivedTensors derived;
  private final Parameters.StepRule rule;
  private final LossScale lossScale;

  /** Tensors that do not train but belong to the result of the method. */
  private final TensorTable kept;

  /** Tensors that a checkpoint holds in addition. */
  private final TensorTable remembered;

  private final Transformer model;
  private final ForwardPass inference;

  /** Divides micro-batches so that they fit into memory; null = each is computed whole. */
  private final Accumulation.@Nullable FittingParts parts;

  private final Accumulation accumulation;
  private final @Nullable OutputLoss tokenLoss;
  private final @Nullable Preference preference;
  private final @Nullable ReferenceModel reference;
  private StepObserver observer = StepObserver.NONE;
  private DeviceMemory.Readout.@Nullable Numbers regulariser;
  private boolean firstUpdate = true;

  /** Copies the base to the device and adds what the tuner trains. */
  TrainableTransformer(
      DeviceMemory memory, ModelDirectory base, Tuner tuner, TrainingSetup recipe) {
    this.memory = memory;
    this.tuner = tuner;
    Execution execution = recipe.execution();
    parameters = new Parameters(memory, recipe.optimiser(), tuner.slots());
    kept = new TensorTable(memory, new LinkedHashMap<>());
    remembered = new TensorTable(memory, new LinkedHashMap<>());
    ModelTensors tensors = new ModelTensors(execution.precision());
    Map<String, PtNDArray> gradients = new LinkedHashMap<>();
    computed = addTrained(tensors, gradients);
    addFrozen(base, recipe, tensors);
    rounded =
        new RoundedFactors(memory, tensors, execution.autocast() ? tuner.factors() : Set.of());
    addBase(base, recipe, tensors);
    for (NamedTensor each : tuner.start(recipe.seed())) {
      memory.fill(parameters.value(each.name()), each);
    }
    derived = new DerivedTensors(memory, tensors, tuner.derived(), false);
    derived.compute();
    tuner
        .startsAs()
        .forEach((slot, name) -> memory.copy(parameters.value(slot), tensors.require(name)));
    recipe.turned(base, tuner).forEach(each -> tensors.turn(memory, each.name()));
    Family family = TrainingProgram.family(base, recipe);
    Rewrite adapter = TrainingProgram.adapter(tuner, recipe);
    model = Transformer.compile(family, memory, tensors, gradients, adapter);
    rule = rule();
    lossScale = LossScale.of(memory, execution.precision());
    compute();
    preference = recipe.preference();
    reference = ReferenceModel.of(memory, base, tuner, recipe, model, tensors);
    tokenLoss = tokenLoss(recipe);
    inference = ForwardPass.of(model, execution.plan());
    parts = Accumulation.FittingParts.of(inference);
    boolean lanes = computed == null && !tensors.quantised() && !outputTrains();
    accumulation = accumulation(lanes);
  }

  private @Nullable OutputLoss tokenLoss(TrainingSetup recipe) {
    if (model.family().output() == null) return null;
    double smoothing = recipe.regularisation().labelSmoothingFactor();
    return OutputLoss.of(
        model, parameters, tuner.outputPart(), recipe.execution().plan(), smoothing);
  }

  private boolean outputTrains() {
    return tokenLoss != null && tokenLoss.trains();
  }

  private Accumulation accumulation(boolean divides) {
    Lanes lanes = divides ? Lanes.of(inference, parameters, this::addingTo) : null;
    return new Accumulation(
        inference, lossScale, parameters.readout(), parts, lanes, each -> goal(each, true));
  }

  /** Returns the model with other gradients. */
  private Transformer addingTo(Parameters.Gradients other) {
    Map<String, PtNDArray> all = new LinkedHashMap<>(other.byName());
    addColumns(all);
    return model.addingTo(all);
  }

  private Parameters.StepRule rule() {
    Tuner.Allocated allocated = tuner.allocated();
    return allocated == null
        ? Parameters.StepRule.NONE
        : new AdaLoraTuner.RankAllocator(memory, parameters, allocated, kept.tensors());
  }

  /** Adds the slots, the tensor computed from them, and the columns of both that layers read. */
  private @Nullable ComputedTensor addTrained(
      ModelTensors tensors, Map<String, PtNDArray> gradients) {
    for (Slot slot : tuner.slots()) {
      tensors.put(slot.name(), parameters.value(slot.name()));
      gradients.put(slot.name(), parameters.gradient(slot.name()));
    }
    Tuner.Computed of = tuner.computed();
    ComputedTensor added = of == null ? null : new ComputedTensor(memory, of, parameters);
    if (of != null && added != null) {
      tensors.put(of.name(), added.value());
      gradients.put(of.name(), added.gradient());
    }
    for (Tuner.ColumnSlice each : tuner.columns()) {
      tensors.put(
          each.name(), memory.columns(tensors.require(each.of()), each.start(), each.count()));
    }
    addColumns(gradients);
    return added;
  }

  /** Adds the columns of gradients that are the gradients of columns. */
  private void addColumns(Map<String, PtNDArray> gradients) {
    for (Tuner.ColumnSlice each : tuner.columns()) {
      PtNDArray gradient = Objects.requireNonNull(gradients.get(each.of()), each.of());
      gradients.put(each.name(), memory.columns(gradient, each.start(), each.count()));
    }
  }

  private void addFrozen(ModelDirectory base, TrainingSetup recipe, ModelTensors tensors) {
    Set<String> ofBase = base.config().parameterNames();
    for (NamedTensor each : tuner.frozen(recipe.seed())) {
      PtNDArray loaded =
          ofBase.contains(each.name()) ? tensors.rounded(memory, each) : memory.load(each);
      tensors.put(each.name(), loaded);
      if (tuner.kept().contains(each.name())) kept.tensors().put(each.name(), loaded);
      if (tuner.remembered().contains(each.name())) remembered.tensors().put(each.name(), loaded);
    }
  }

  /** Adds the base's tensors that no other replaces; those that train are copied. */
  private void addBase(ModelDirectory base, TrainingSetup recipe, ModelTensors tensors) {
    BaseWeights weights = new BaseWeights(base, recipe.quantization(), tuner);
    Map<String, NamedTensor> newHead = NamedTensor.byName(NewHead.start(base, recipe.seed()));
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

  private static MappedTensor plain(ModelDirectory base, ModelConfig.Parameter parameter) {
    if (base.weights().stored(parameter) instanceof MappedTensor plain) return plain;
    throw new IllegalArgumentException(
        "the base model is quantised: its weight " + parameter.name() + " cannot train");
  }

  @Override
  public PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed) {
    return accumulation.enqueue(batch, divisor, dropoutSeed, observer);
  }

  @Override
  public @Nullable Division division(MicroBatch batch) {
    return parts == null ? null : parts.division(batch);
  }

  /** Returns the number of lanes that compute a micro-batch, or a part of one. */
  int lanes(MicroBatch batch) {
    return accumulation.lanes(batch);
  }

  @Override
  public void observe(StepObserver observer) {
    this.observer = observer;
  }

  private Goal goal(MicroBatch batch, boolean drops) {
    return switch (batch) {
      case MicroBatch.TokenBatch tokens -> new Goal.TokenGoal(tokenLoss(), layout(tokens, drops));
      case MicroBatch.LabelBatch labels -> Goal.LabelGoal.of(labels, inference);
      case PairBatch pairs -> pairGoal(pairs, drops);
    };
  }

  private Goal.PairGoal pairGoal(PairBatch pairs, boolean drops) {
    if (preference == null)
      throw new IllegalArgumentException("pairs need an objective with a preference");
    PairBatch measured = referenceMoves() ? pairs.measuredFrom(reference(pairs)) : pairs;
    return Goal.PairGoal.of(tokenLoss(), preference, measured, rows -> layout(rows, drops));
  }

  @Override
  public boolean referenceMoves() {
    return reference != null && reference.moves();
  }

  @Override
  public MicroBatch.PairLogps reference(PairBatch pairs) {
    if (reference == null) throw new IllegalArgumentException("the objective has no reference");
    if (!reference.ownsModel() && updates() > 0) {
      throw new IllegalStateException("the reference is the model before its first step");
    }
    MicroBatch.PairLogps all = new MicroBatch.PairLogps(new double[0], new double[0]);
    for (MicroBatch part : inferred(pairs)) {
      try (PtNDManager scope = memory.scope()) {
        all = all.then(reference.logps(scope, (PairBatch) part));
      }
    }
    return all;
  }

  /** Divides a micro-batch for inference. */
  private List<MicroBatch> inferred(MicroBatch batch) {
    return parts == null ? List.of(batch) : parts.inference(batch);
  }

  private OutputLoss tokenLoss() {
    if (tokenLoss == null) {
      throw new IllegalArgumentException("the model predicts labels, not tokens");
    }
    return tokenLoss;
  }

  @Override
  public PendingLoss.TokenLoss evaluate(MicroBatch batch) {
    PendingLoss.TokenLoss sum = PendingLoss.TokenLoss.ZERO;
    for (MicroBatch part : inferred(batch)) {
      if (part.targets() == 0) continue;
      Goal goal = goal(part, false);
      try (PtNDManager scope = memory.scope();
          IValue output = inference.infer(scope, goal.rows(), goal.picked())) {
        sum = sum.plus(goal.evaluate(scope, output));
      }
    }
    return sum;
  }

  @Override
  public float[][][] logits(int[][] inputIds) {
    return tokenLoss == null ? labelLogits(inputIds) : tokenLogits(tokenLoss, inputIds);
  }

  private float[][][] tokenLogits(OutputLoss loss, int[][] inputIds) {
    TokenLayout rows = inference.layout(inputIds);
    int width = Arrays.stream(inputIds).mapToInt(row -> row.length).max().orElse(0);
    int vocabulary = inference.vocabulary();
    float[][][] logits = new float[rows.rows()][width][vocabulary];
    try (PtNDManager scope = memory.scope();
        IValue hidden = inference.infer(scope, rows, rows.everyPlace())) {
      float[] flat = loss.logits(scope, hidden).toFloatArray();
      int from = 0;
      for (int r = 0; r < inputIds.length; r++) {
        for (int t = 0; t < inputIds[r].length; t++, from += vocabulary) {
          System.arraycopy(flat, from, logits[r][t], 0, vocabulary);
        }
      }
    }
    return logits;
  }

  private float[][][] labelLogits(int[][] inputIds) {
    List<float[][]> logits = new ArrayList<>();
    for (MicroBatch part :
        inferred(new MicroBatch.LabelBatch(inputIds, new double[inputIds.length][]))) {
      try (PtNDManager scope = memory.scope()) {
        for (float[] row : Goal.LabelGoal.logits(scope, inference, part.inputIds())) {
          logits.add(new float[][] {row});
        }
      }
    }
    return logits.toArray(float[][][]::new);
  }

  private TokenLayout layout(MicroBatch.TokenBatch batch, boolean drops) {
    if (batch.segments() != null && model.virtualTokens().count() > 0) {
      throw new IllegalArgumentException("a packed row cannot have virtual tokens");
    }
    return inference.layout(batch, drops);
  }

  ModelProgram program() {
    return model.program();
  }

  DeviceMemory memory() {
    return memory;
  }

  @Override
  public double update(double learningRate) {
    long begun = System.nanoTime();
    if (computed != null) computed.backward();
    parameters.unscale(lossScale.value());
    regulariser = rule.regularise(parameters.readout());
    double norm = parameters.update(learningRate, rule);
    lossScale.updated();
    compute();
    if (firstUpdate) returnFreeMemory();
    observer.updated(System.nanoTime() - begun);
    return norm;
  }

  /** Computes the tensors that follow from others again. */
  private void compute() {
    if (computed != null) computed.compute();
    rounded.compute();
    derived.compute();
  }

  /**
   * Returns free memory to the system after the first step. Small objects that stay, made while a
   * program runs for the first time, lie between the tensors of that step. The gaps between them
   * are too small for many tensors of the next steps and would stay unused for the rest of the run.
   */
  private void returnFreeMemory() {
    firstUpdate = false;
    if (!memory.device().isGpu()) TorchContext.trimHeap();
  }

  @Override
  public boolean lowerLossScale() {
    return lossScale.lower();
  }

  @Override
  public void discard() {
    accumulation.discard();
    if (computed != null) computed.discard();
    parameters.discard();
  }

  @Override
  public double regulariser() {
    return regulariser == null ? 0 : regulariser.values()[0];
  }

  @Override
  public List<NamedTensor> trained() {
    return parameters.values();
  }

  @Override
  public List<NamedTensor> saved() {
    List<NamedTensor> values = parameters.values().and(kept.read());
    if (computed != null) {
      values = new ArrayList<>(values);
      values.add(computed.named());
    }
    return tuner.saved(values);
  }

  @Override
  public Tuner.SavedResult result(AdapterMethod method) {
    Tuner.SavedResult converted =
        tuner.converted(parameters.values().and(kept.read()).and(remembered.read()));
    return converted != null ? converted : new Tuner.SavedResult(method, saved());
  }

  @Override
  public Map<String, Object> learnedSettings() {
    return tuner.learnedSettings(kept.read());
  }

  @Override
  public void loadSaved(List<NamedTensor> saved) {
    List<NamedTensor> read = tuner.read(saved);
    load(kept.without(read));
    kept.fill(kept.among(read));
  }

  /** Returns what a step depends on beside the parameters and Adam's moments. */
  private TensorTable otherState() {
    Map<String, PtNDArray> all = new LinkedHashMap<>(kept.tensors());
    all.putAll(remembered.tensors());
    all.putAll(rule.state());
    all.putAll(lossScale.state());
    return new TensorTable(memory, all);
  }

  @Override
  public List<NamedTensor> optimizerState() {
    lossScale.write();
    return parameters.moments().and(otherState().read());
  }

  @Override
  public long updates() {
    return parameters.updates();
  }

  @Override
  public void load(List<NamedTensor> trained) {
    parameters.load(trained);
    compute();
  }

  @Override
  public void restore(List<NamedTensor> trained, List<NamedTensor> optimizerState, long updates) {
    TensorTable other = otherState();
    parameters.restore(trained, other.without(optimizerState), updates);
    other.fill(other.among(optimizerState));
    lossScale.read();
    compute();
  }

  @Override
  public long trainableParameters() {
    return parameters.size();
  }

  @Override
  public void close() {
    accumulation.close();
    if (reference != null) reference.close();
    model.close();
    if (computed != null) computed.close();
    derived.close();
    memory.close();
  }

  /**
   * The reference model of preferences: the base with the adapter off, which shares its tensors
   * with the model that trains, or that model itself before its first step.
   *
   * @param ownsModel whether only the reference uses the model
   * @param moves whether the reference shares trained tensors and changes with them
   */
  record ReferenceModel(ForwardPass inference, OutputLoss loss, boolean ownsModel, boolean moves)
      implements AutoCloseable {
    /**
     * Returns the reference: the model at its start if only tensors of the base train, or if
     * training continues an adapter, as in TRL; else the model of PEFT's {@code disable_adapter},
     * with the base's own tensors where copies of them train or others replaced them. Biases that
     * train beside an adapter are not copies.
     *
     * @param tensors those of the model that trains
     * @return null if the preference has no reference
     */
    static @Nullable ReferenceModel of(
        DeviceMemory memory,
        ModelDirectory base,
        Tuner tuner,
        TrainingSetup recipe,
        Transformer model,
        ModelTensors tensors) {
      if (!(recipe.preference() instanceof Preference.Dpo)) return null;
      Set<String> trained = tuner.slots().stream().map(Slot::name).collect(Collectors.toSet());
      if (recipe.continued() || base.config().parameterNames().containsAll(trained)) {
        return of(model, recipe.execution().plan(), false, false);
      }
      Set<String> changed = new HashSet<>(trained);
      tuner.frozen(recipe.seed()).forEach(each -> changed.add(each.name()));
      tuner.derived().forEach(each -> changed.add(each.name()));
      Set<String> shared = tuner.inPlace();
      changed.removeAll(shared);
      BaseWeights weights = new BaseWeights(base, recipe.quantization(), tuner);
      ModelTensors originals = tensors.copy();
      weights.load(memory, originals, changed::contains);
      Transformer off = Transformer.frozen(model.family(), memory, originals, Rewrite.NONE);
      return of(off, recipe.execution().plan(), true, !shared.isEmpty());
    }

    private static ReferenceModel of(
        Transformer model, ComputePlan plan, boolean ownsModel, boolean moves) {
      return new ReferenceModel(
          ForwardPass.of(model, plan), OutputLoss.frozen(model, plan), ownsModel, moves);
    }

    MicroBatch.PairLogps logps(PtNDManager scope, PairBatch batch) {
      TokenLayout rows = inference.layout(batch.rows(), false);
      try (IValue hidden = inference.infer(scope, rows, rows.predicting())) {
        return Goal.PairTargets.of(batch, rows).logps(loss.scores(scope, hidden, rows.targetIds()));
      }
    }

    @Override
    public void close() {
      if (ownsModel) inference.model().close();
    }
  }
}
