package dev.graft.training.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.spec.Preference;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.training.ComputePlan;
import dev.graft.training.PendingLoss;
import dev.graft.training.SavedResult;
import dev.graft.training.StepObserver;
import dev.graft.training.TrainableModel;
import dev.graft.training.batch.LabelBatch;
import dev.graft.training.batch.MicroBatch;
import dev.graft.training.batch.PairBatch;
import dev.graft.training.batch.PairLogps;
import dev.graft.training.batch.TokenBatch;
import dev.graft.training.metrics.TokenLoss;
import dev.graft.training.model.device.DeviceMemory;
import dev.graft.training.model.forward.BatchInputs;
import dev.graft.training.model.forward.ForwardPass;
import dev.graft.training.model.forward.LayerPass;
import dev.graft.training.model.forward.ModelProgram;
import dev.graft.training.model.forward.TokenLayout;
import dev.graft.training.model.forward.Transformer;
import dev.graft.training.model.loss.Goal;
import dev.graft.training.model.loss.LabelGoal;
import dev.graft.training.model.loss.OutputLoss;
import dev.graft.training.model.loss.PairGoal;
import dev.graft.training.model.loss.TokenGoal;
import dev.graft.weights.tensor.NamedTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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

  private final @Nullable OutputLoss tokenLoss;
  private final @Nullable Preference preference;
  private final @Nullable ReferenceModel reference;

  /** Lowest stage that trains; the way down ends there. */
  private final int lowest;

  private StepObserver observer = StepObserver.NONE;

  TrainableTransformer(
      DeviceMemory memory,
      Transformer model,
      TunerState state,
      @Nullable ReferenceModel reference,
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
    lowest = (int) model.stages().stream().takeWhile(each -> !each.trains()).count();
  }

  @Override
  public PendingLoss enqueue(MicroBatch batch, double divisor, long dropoutSeed) {
    if (!(divisor > 0)) throw new IllegalArgumentException("the divisor must be > 0");
    if (parts == null) return enqueue(FittingParts.Part.whole(batch), divisor, dropoutSeed);
    List<PendingLoss> losses = new ArrayList<>();
    for (FittingParts.Part part : parts.training(batch)) {
      losses.add(enqueue(part, divisor, dropoutSeed));
    }
    return PendingLoss.sum(losses).then(sum -> sum.counted(batch.targets()));
  }

  @Override
  public @Nullable Division division(MicroBatch batch) {
    return parts == null ? null : parts.told(batch);
  }

  private PendingLoss enqueue(FittingParts.Part part, double divisor, long dropoutSeed) {
    if (part.batch().targets() == 0) return PendingLoss.of(TokenLoss.ZERO);
    Goal goal = goal(part.batch(), true);
    try (PtNDManager scope = memory.scope();
        BatchInputs inputs = inference.inputs(scope, goal.rows(), goal.picked(), part.among());
        LayerPass pass = pass(inputs, dropoutSeed, part)) {
      Goal.Result result;
      long begun = System.nanoTime();
      long atLoss;
      try (IValue output = pass.up(lowest)) {
        atLoss = System.nanoTime();
        double scale = state.lossScale().value() / divisor;
        result = goal.backward(scope, output, scale, state.parameters().readout());
      } finally {
        JniUtils.setGradMode(false); // a method of autograd leaves it on when it throws
      }
      IValue g = IValue.from(result.gradient());
      result.gradient().close();
      long atDown = System.nanoTime();
      pass.down(g, lowest);
      long down = System.nanoTime() - atDown;
      observer.accumulated(
          StepCost.of(inference, part.batch(), goal, atLoss - begun, atDown - atLoss, down));
      int computed = goal.rows().size();
      return result.loss().then(loss -> loss.computed(computed));
    }
  }

  private LayerPass pass(BatchInputs inputs, long dropoutSeed, FittingParts.Part part) {
    return parts == null
        ? LayerPass.of(plan.kind(), model, inputs, true, dropoutSeed)
        : LayerPass.partly(model, inputs, true, dropoutSeed, parts.stages(part));
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
    observer.updated(System.nanoTime() - begun);
    return norm;
  }

  @Override
  public boolean lowerLossScale() {
    return state.lossScale().lower();
  }

  @Override
  public void discard() {
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
    if (reference != null) reference.close();
    model.close();
    state.close();
    memory.close();
  }
}
