package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.kernels.TorchContext.NativeHeap;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Preference;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A model with parameters that train: the step of the recipe, one method a part. */
final class TrainableTransformer implements TrainableModel {
  private final DeviceMemory memory;
  private final Transformer model;
  private final TunerState state;
  private final ComputePlan plan;
  private final ForwardPass inference;

  /** How micro-batches are computed within memory; null = whole. */
  private final Accumulation.@Nullable FittingParts parts;

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
    parts = Accumulation.FittingParts.of(inference);
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
      case MicroBatch.TokenBatch tokens -> new Goal.TokenGoal(tokenLoss(), layout(tokens, drops));
      case MicroBatch.LabelBatch labels -> Goal.LabelGoal.of(labels, inference);
      case PairBatch pairs -> pairGoal(pairs, drops);
    };
  }

  private Goal.PairGoal pairGoal(PairBatch pairs, boolean drops) {
    if (preference == null) throw new IllegalArgumentException("pairs need a preference");
    PairBatch measured = referenceMoves() ? pairs.measuredFrom(reference(pairs)) : pairs;
    return Goal.PairGoal.of(tokenLoss(), preference, measured, rows -> layout(rows, drops));
  }

  @Override
  public boolean referenceMoves() {
    return reference != null && reference.moves();
  }

  @Override
  public MicroBatch.PairLogps reference(PairBatch pairs) {
    if (reference == null) throw new IllegalArgumentException("the preference has no reference");
    if (!reference.ownsModel() && updates() > 0) {
      throw new IllegalStateException("the reference is what the model was before its first step");
    }
    MicroBatch.PairLogps all = new MicroBatch.PairLogps(new double[0], new double[0]);
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
    RowLogits rows = new RowLogits(memory, inference);
    if (tokenLoss != null) return rows.ofTokens(tokenLoss, inputIds);
    return rows.ofLabels(
        inferred(new MicroBatch.LabelBatch(inputIds, new double[inputIds.length][])));
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
  public Tuner.SavedResult result(AdapterMethod method) {
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

  /** Logits of rows on the host: (rows)(tokens)(vocabulary), or (rows)(1)(labels). */
  private record RowLogits(DeviceMemory memory, ForwardPass inference) {
    /** Shorter rows end with zeros. */
    float[][][] ofTokens(OutputLoss loss, int[][] inputIds) {
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

    /**
     * @param parts of the rows, one after the other through the model
     */
    float[][][] ofLabels(List<MicroBatch> parts) {
      List<float[][]> logits = new ArrayList<>();
      for (MicroBatch part : parts) {
        try (PtNDManager scope = memory.scope()) {
          for (float[] row : Goal.LabelGoal.logits(scope, inference, part.inputIds())) {
            logits.add(new float[][] {row});
          }
        }
      }
      return logits.toArray(float[][][]::new);
    }
  }

  /**
   * The model that preferences are measured from: the base with the adapter off, which shares its
   * tensors with the model that trains, or that model itself before its first step.
   *
   * @param ownsModel whether the model is the reference's alone
   * @param moves whether tensors that train are the reference's, too, so that it changes with them
   */
  record ReferenceModel(ForwardPass inference, OutputLoss loss, boolean ownsModel, boolean moves)
      implements AutoCloseable {
    /**
     * The model as it begins where nothing but tensors of the base train, or an adapter that has
     * learned goes on, as in TRL; else PEFT's {@code disable_adapter}, with the base's own tensors
     * where copies of them train or others took their place. Biases that train beside an adapter
     * are no copies.
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
