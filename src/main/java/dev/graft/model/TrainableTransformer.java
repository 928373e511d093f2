package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.TorchContext.NativeHeap;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Preference;
import dev.graft.weights.NamedTensor;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A model with parameters that train: the step of the recipe, one method a part. */
final class TrainableTransformer implements TrainableModel {
  private final DeviceMemory memory;
  private final Transformer model;
  private final TunerState state;
  private final ComputePlan plan;
  private final ForwardPass inference;

  /** How micro-batches are computed within memory; null = whole. */
  private final @Nullable FittingParts parts;

  private final Accumulation gradients;
  private final @Nullable OutputLoss tokenLoss;
  private final @Nullable Preference preference;
  private final @Nullable ReferenceModel reference;

  private StepObserver observer = StepObserver.NONE;
  private boolean first = true; // update since it was made

  /**
   * @param further the model with other gradients; null = rows are computed together
   */
  TrainableTransformer(
      DeviceMemory memory,
      Transformer model,
      TunerState state,
      @Nullable ReferenceModel reference,
      @Nullable Function<Parameters.Gradients, Transformer> further,
      TrainingSetup recipe) {
    this.memory = memory;
    this.model = model;
    this.state = state;
    plan = recipe.execution().plan();
    tokenLoss =
        model.family().output() == null
            ? null
            : OutputLoss.of(
                model,
                state.parameters(),
                state.outputPart(),
                plan,
                recipe.regularisation().labelSmoothingFactor());
    inference = ForwardPass.of(model, plan);
    parts = FittingParts.of(inference);
    preference = recipe.preference();
    this.reference = reference;
    boolean outputTrains = tokenLoss != null && tokenLoss.trains();
    Lanes lanes = Lanes.of(inference, state.parameters(), outputTrains ? null : further);
    gradients = new Accumulation(inference, state, parts, lanes, each -> goal(each, true));
  }

  @Override
  public PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed) {
    return gradients.enqueue(batch, divisor, dropoutSeed, observer);
  }

  @Override
  public @Nullable Division division(MicroBatch batch) {
    return parts == null ? null : parts.told(batch);
  }

  /** Lanes that a micro-batch, or a part of one, is computed in. */
  int lanes(MicroBatch batch) {
    return gradients.lanes(batch);
  }

  @Override
  public void observe(StepObserver observer) {
    this.observer = observer;
  }

  private Goal goal(MicroBatch batch, boolean drops) {
    return switch (batch) {
      case TokenBatch tokens -> new TokenGoal(tokenLoss(), layout(tokens, drops));
      case LabelBatch labels -> LabelGoal.of(labels, inference);
      case PairBatch pairs -> pairGoal(pairs, drops);
    };
  }

  private PairGoal pairGoal(PairBatch pairs, boolean drops) {
    if (preference == null) throw new IllegalArgumentException("pairs need a preference");
    PairBatch measured = referenceMoves() ? pairs.measuredFrom(reference(pairs)) : pairs;
    return PairGoal.of(tokenLoss(), preference, measured, rows -> layout(rows, drops));
  }

  @Override
  public boolean referenceMoves() {
    return reference != null && reference.moves();
  }

  @Override
  public PairLogps reference(PairBatch pairs) {
    if (reference == null) throw new IllegalArgumentException("the preference has no reference");
    if (!reference.ownsModel() && updates() > 0) {
      throw new IllegalStateException("the reference is what the model was before its first step");
    }
    PairLogps all = new PairLogps(new double[0], new double[0]);
    for (MicroBatch part : inferred(pairs)) {
      try (PtNDManager scope = memory.scope()) {
        all = all.then(reference.logps(scope, (PairBatch) part));
      }
    }
    return all;
  }

  /** What goes through the model at once where nothing is kept for a way down. */
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
  public TokenLoss evaluate(MicroBatch batch) {
    TokenLoss sum = TokenLoss.ZERO;
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
    RowLogits rows = new RowLogits(memory, inference);
    if (tokenLoss != null) return rows.ofTokens(tokenLoss, inputIds);
    return rows.ofLabels(inferred(new LabelBatch(inputIds, new double[inputIds.length][])));
  }

  private TokenLayout layout(TokenBatch batch, boolean drops) {
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
    double norm = state.update(learningRate);
    if (first) giveBack();
    observer.updated(System.nanoTime() - begun);
    return norm;
  }

  /**
   * Small objects that stay, made while a program runs for the first time, lie between tensors of
   * the first step. What is free between them afterwards is too small for many a tensor of the
   * next, and would be taken up by nothing for the rest of the run.
   */
  private void giveBack() {
    first = false;
    if (!memory.device().isGpu()) NativeHeap.trim();
  }

  @Override
  public boolean lowerLossScale() {
    return state.lossScale().lower();
  }

  @Override
  public void discard() {
    gradients.discard();
    state.discard();
  }

  @Override
  public double regulariser() {
    return state.regulariser();
  }

  @Override
  public List<NamedTensor> trained() {
    return state.parameters().values();
  }

  @Override
  public List<NamedTensor> saved() {
    return state.saved();
  }

  @Override
  public SavedResult result(AdapterMethod method) {
    return state.result(method);
  }

  @Override
  public Map<String, Object> learnedSettings() {
    return state.learnedSettings();
  }

  @Override
  public void loadSaved(List<NamedTensor> saved) {
    state.loadSaved(saved);
  }

  @Override
  public List<NamedTensor> optimizerState() {
    return state.optimizerState();
  }

  @Override
  public long updates() {
    return state.parameters().updates();
  }

  @Override
  public void load(List<NamedTensor> trained) {
    state.load(trained);
  }

  @Override
  public void restore(List<NamedTensor> trained, List<NamedTensor> optimizerState, long updates) {
    state.restore(trained, optimizerState, updates);
  }

  @Override
  public long trainableParameters() {
    return state.parameters().size();
  }

  @Override
  public void close() {
    gradients.close();
    if (reference != null) reference.close();
    model.close();
    state.close();
    memory.close();
  }
}
