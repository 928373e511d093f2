package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.model.DeviceMemory.Readout;
import dev.graft.model.DeviceMemory.Upload;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.OutputLoss.TokenScores;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.Orpo;
import dev.graft.weights.Task;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The objective of a micro-batch: the tokens that the head reads, and the loss of its output. */
sealed interface Goal {
  TokenLayout rows();

  /** Returns the tokens that the head reads. */
  long[] picked();

  /**
   * Returns the loss of the head's output, and its gradient times scale.
   *
   * @param readout receives the numbers of the loss, which stay on the device
   */
  Result backward(PtNDManager scope, IValue output, double scale, Readout readout);

  TokenLoss evaluate(PtNDManager scope, IValue output);

  /**
   * @param gradient at the head's output
   */
  record Result(PtNDArray gradient, PendingLoss loss) {}

  /** The next token at each labelled position. */
  record TokenGoal(OutputLoss loss, TokenLayout rows) implements Goal {
    /** Returns the same goal for a stretch of the tokens. */
    public TokenGoal of(TokenLayout stretch) {
      return new TokenGoal(loss, stretch);
    }

    @Override
    public long[] picked() {
      return rows.predicting();
    }

    @Override
    public Result backward(PtNDManager scope, IValue hidden, double scale, Readout readout) {
      float[] g = new float[rows.predicting().length];
      Arrays.fill(g, (float) -scale);
      TokenScores.Descent descent = loss.backward(scope, hidden, rows.targetIds(), g);
      Readout.Numbers logps = readout.add(descent.logps());
      Readout.Numbers best = readout.add(descent.best());
      return new Result(
          descent.gradient(),
          new PendingLoss(false, () -> sum(logps.values(), token -> best.values()[token] > 0)));
    }

    @Override
    public TokenLoss evaluate(PtNDManager scope, IValue hidden) {
      TokenScores scores = loss.scores(scope, hidden, rows.targetIds());
      return sum(scores.logps(), token -> scores.best()[token]);
    }

    private static TokenLoss sum(float[] logps, IntPredicate best) {
      double sum = 0;
      for (float each : logps) sum -= each;
      long correct = IntStream.range(0, logps.length).filter(best).count();
      return new TokenLoss(sum, logps.length, correct);
    }
  }

  /**
   * The labels of each row, predicted by the logits of one of its tokens. Logits are few, so the
   * host computes the loss in double when it is read; the device computes the gradient.
   *
   * @param labels (rows)(1) or (rows)(outputs), see {@link MicroBatch.LabelBatch}
   */
  record LabelGoal(
      DeviceMemory memory, Task.Problem problem, TokenLayout rows, long[] picked, double[][] labels)
      implements Goal {
    /**
     * @throws IllegalArgumentException if the model has no head for labels, or the labels do not
     *     fit it
     */
    public static LabelGoal of(MicroBatch.LabelBatch batch, ForwardPass pass) {
      Family family = pass.model().family();
      Task.SequenceClassification head =
          switch (family.config().task()) {
            case Task.SequenceClassification found -> found;
            case Task.CausalLm() ->
                throw new IllegalArgumentException("the model predicts tokens, not labels");
          };
      TokenLayout rows = pass.layout(batch.inputIds());
      LabelLoss.requireFitting(head, batch.labels(), rows.rows());
      long[] picked = picked(family, rows, batch.inputIds());
      return new LabelGoal(pass.model().memory(), head.problem(), rows, picked, batch.labels());
    }

    /**
     * Returns the token whose logits classify each row: for an encoder the first, virtual or not;
     * for a decoder the last that is not {@code pad_token_id}, as in transformers, or the last if
     * there is no such id.
     */
    private static long[] picked(Family family, TokenLayout rows, int[][] ids) {
      long[] picked = new long[ids.length];
      for (int r = 0; r < ids.length; r++) {
        picked[r] =
            family.bidirectional()
                ? rows.begin(r)
                : rows.places()[r][last(ids[r], family.config().padTokenId())];
      }
      return picked;
    }

    private static int last(int[] row, @Nullable Integer padding) {
      int last = row.length - 1;
      if (padding == null) return last;
      while (last > 0 && row[last] == padding) last--;
      return last;
    }

    /**
     * @param inputIds (rows)(tokens)
     * @return (rows)(outputs)
     */
    public static float[][] logits(PtNDManager scope, ForwardPass inference, int[][] inputIds) {
      TokenLayout rows = inference.layout(inputIds);
      long[] picked = picked(inference.model().family(), rows, inputIds);
      try (IValue output = inference.infer(scope, rows, picked)) {
        float[] flat = output.toTensor(scope).toFloatArray();
        int outputs = flat.length / inputIds.length;
        float[][] logits = new float[inputIds.length][];
        for (int r = 0; r < logits.length; r++) {
          logits[r] = Arrays.copyOfRange(flat, r * outputs, (r + 1) * outputs);
        }
        return logits;
      }
    }

    @Override
    public Result backward(PtNDManager scope, IValue logits, double scale, Readout readout) {
      PtNDArray output = logits.toTensor(scope);
      PtNDArray gradient =
          memory.call(scope, "label_gradient", problem.wireName(), output, sent(scope), scale);
      Readout.Numbers read = readout.add(output);
      return new Result(
          gradient, new PendingLoss(false, () -> LabelLoss.of(problem, read.values(), labels)));
    }

    private PtNDArray sent(PtNDManager scope) {
      double[] all = Arrays.stream(labels).flatMapToDouble(Arrays::stream).toArray();
      Upload upload = new Upload();
      switch (problem) {
        case SINGLE_LABEL_CLASSIFICATION ->
            upload.add(Arrays.stream(all).mapToLong(each -> (long) each).toArray(), all.length);
        case MULTI_LABEL_CLASSIFICATION, REGRESSION ->
            upload.add(all, labels.length, labels[0].length);
      }
      return upload.send(memory, scope).getFirst();
    }

    @Override
    public TokenLoss evaluate(PtNDManager scope, IValue logits) {
      return LabelLoss.of(problem, logits.toTensor(scope).toFloatArray(), labels);
    }
  }

  /**
   * The chosen completion rather than the rejected one. The host computes the loss from the
   * log-probabilities of both when it is read; the device computes its derivatives.
   *
   * @param reference zeros where the preference has no reference
   * @param whole the batch that the means are over, of which these pairs may be a part
   */
  record PairGoal(
      OutputLoss loss,
      Preference preference,
      TokenLayout rows,
      PairTargets targets,
      PairLogps reference,
      PairBatch.Whole whole)
      implements Goal {
    /**
     * @param lays lays rows out
     * @throws IllegalArgumentException if the preference needs a reference and the batch has none
     */
    public static PairGoal of(
        OutputLoss loss,
        Preference preference,
        PairBatch batch,
        Function<MicroBatch.TokenBatch, TokenLayout> lays) {
      MicroBatch.TokenBatch chosen = batch.chosen();
      PairBatch learned =
          switch (preference) {
            case Dpo _ -> batch;
            case Orpo _ -> // every token of the chosen text
                new PairBatch(
                    new MicroBatch.TokenBatch(
                        chosen.inputIds(), chosen.inputIds(), null, chosen.width()),
                    batch.rejected());
          };
      TokenLayout rows = lays.apply(learned.rows());
      PairLogps reference = batch.reference();
      if (reference == null) {
        if (preference instanceof Dpo) {
          throw new IllegalArgumentException(
              "the pairs have no log-probabilities of the reference");
        }
        reference = new PairLogps(new double[batch.pairs()], new double[batch.pairs()]);
      }
      PairTargets targets = PairTargets.of(batch, rows);
      return new PairGoal(loss, preference, rows, targets, reference, batch.whole());
    }

    @Override
    public long[] picked() {
      return rows.predicting();
    }

    @Override
    public Result backward(PtNDManager scope, IValue hidden, double scale, Readout readout) {
      TokenScores.Descent descent =
          loss.backward(scope, hidden, rows.targetIds(), logps -> slopes(scope, logps, scale));
      Readout.Numbers logps = readout.add(descent.logps());
      Readout.Numbers best = readout.add(descent.best());
      return new Result(descent.gradient(), new PendingLoss(false, () -> read(logps, best)));
    }

    private TokenLoss read(Readout.Numbers logps, Readout.Numbers best) {
      float[] right = best.values();
      boolean[] largest = new boolean[right.length];
      for (int i = 0; i < right.length; i++) largest[i] = right[i] > 0;
      TokenScores scores = new TokenScores(logps.values(), largest);
      return loss(scores, preferred(scores), 1);
    }

    /** Weights the loss by the pairs, so that a file's loss is the mean over all of them. */
    @Override
    public TokenLoss evaluate(PtNDManager scope, IValue hidden) {
      TokenScores scores = loss.scores(scope, hidden, rows.targetIds());
      return loss(scores, preferred(scores), whole.pairs()).counted(targets.pairs());
    }

    private PreferenceLoss preferred(TokenScores scores) {
      PairLogps logps = targets.logps(scores);
      return PreferenceLoss.of(
          preference,
          new PreferenceLoss.Side(logps.chosen(), targets.tokens(true), reference.chosen()),
          new PreferenceLoss.Side(logps.rejected(), targets.tokens(false), reference.rejected()));
    }

    /**
     * Returns the tokens of the chosen text, prompt included, whose mean loss is added; 0 = none.
     */
    private long text() {
      return preference instanceof Dpo ? 0 : whole.chosenText();
    }

    /**
     * Returns the derivative of the loss by the log-probability of each target, on the device.
     *
     * @param logps (targets)
     * @param scale of the loss
     * @return (targets)
     */
    private PtNDArray slopes(PtNDManager scope, PtNDArray logps, double scale) {
      long completions = 2L * targets.pairs();
      long[] places = targets.places();
      Upload upload = new Upload();
      upload.add(places, completions, places.length / completions);
      upload.add(targets.owners(), targets.count());
      upload.add(both(counts(true), counts(false)), completions);
      upload.add(both(reference.chosen(), reference.rejected()), completions);
      upload.add(ofText(), targets.count());
      List<PtNDArray> sent = upload.send(loss.memory(), scope);
      double smoothing = preference instanceof Dpo dpo ? dpo.labelSmoothing() : 0;
      double[] settings = {preference.beta(), smoothing, 1.0 / whole.pairs(), scale};
      return loss.memory()
          .call(
              scope,
              "preference_slopes",
              kind(),
              logps,
              sent.get(0),
              sent.get(1),
              sent.get(2),
              sent.get(3),
              sent.get(4),
              settings);
    }

    /** Returns the kernel's name of the loss. */
    private String kind() {
      return switch (preference) {
        case Dpo dpo -> dpo.lossType().name().toLowerCase(Locale.ROOT);
        case Orpo _ -> "orpo";
      };
    }

    private double[] counts(boolean chosen) {
      return Arrays.stream(targets.tokens(chosen)).asDoubleStream().toArray();
    }

    private static double[] both(double[] chosen, double[] rejected) {
      return DoubleStream.concat(Arrays.stream(chosen), Arrays.stream(rejected)).toArray();
    }

    /** Returns the derivative of the mean loss of the chosen text by each target. */
    private double[] ofText() {
      double[] slopes = new double[targets.count()];
      long text = text();
      for (int i = 0; i < slopes.length; i++) {
        if (text > 0 && targets.chosen(i)) slopes[i] = -1.0 / text;
      }
      return slopes;
    }

    /** Returns the share of these pairs in the mean over all. */
    private double share() {
      return (double) targets.pairs() / whole.pairs();
    }

    private TokenLoss loss(TokenScores scores, PreferenceLoss preferred, int weight) {
      long text = text();
      double nll = 0;
      long correct = 0;
      for (int i = 0; i < targets.count(); i++) {
        if (!targets.chosen(i)) continue;
        if (text > 0) nll -= scores.logps()[i] / text;
        if (targets.completion()[i] && scores.best()[i]) correct++;
      }
      PendingLoss.PairMetrics ofText =
          new PendingLoss.PairMetrics(0, 0, 0, 0, 0, 0, nll * whole.pairs(), 0, 0);
      return new TokenLoss(
          weight * (share() * preferred.loss() + nll),
          weight,
          correct,
          preferred.metrics().plus(ofText));
    }
  }

  /**
   * Maps the targets of a batch to its pairs. Its rows are all chosen ones, then all rejected ones.
   *
   * @param pairs of the batch
   * @param row of each target
   * @param completion whether a target is part of a completion; ORPO has other targets, too
   */
  record PairTargets(int pairs, int[] row, boolean[] completion) {
    /**
     * @param rows of the batch, with at least these targets
     */
    public static PairTargets of(PairBatch batch, TokenLayout rows) {
      int[][] labels = batch.rows().labels();
      int[] row = new int[rows.targets().length];
      boolean[] completion = new boolean[row.length];
      for (int i = 0; i < row.length; i++) {
        row[i] = rows.targets()[i].row();
        completion[i] = labels[row[i]][rows.targets()[i].place()] != MicroBatch.TokenBatch.IGNORE;
      }
      return new PairTargets(batch.pairs(), row, completion);
    }

    int count() {
      return row.length;
    }

    boolean chosen(int target) {
      return row[target] < pairs;
    }

    /** Returns the pair that a target belongs to. */
    int pair(int target) {
      return row[target] % pairs;
    }

    /** Sums log-probabilities over the completions. */
    public PairLogps logps(TokenScores scores) {
      double[] sums = new double[2 * pairs];
      for (int i = 0; i < row.length; i++) if (completion[i]) sums[row[i]] += scores.logps()[i];
      return new PairLogps(
          Arrays.copyOf(sums, pairs), Arrays.copyOfRange(sums, pairs, sums.length));
    }

    /**
     * Returns the targets of each completion, the chosen ones first: (2 pairs, longest). Shorter
     * completions are filled with the index after the last target.
     */
    long[] places() {
      int longest = 0;
      for (boolean side : new boolean[] {true, false}) {
        longest = Math.max(longest, Arrays.stream(tokens(side)).max().orElse(0));
      }
      long[] places = new long[2 * pairs * longest];
      Arrays.fill(places, count());
      int[] filled = new int[2 * pairs];
      for (int i = 0; i < row.length; i++) {
        if (completion[i]) places[row[i] * longest + filled[row[i]]++] = i;
      }
      return places;
    }

    /**
     * Returns the completion of each target, or the index after the last completion if it has none.
     */
    long[] owners() {
      long[] owners = new long[row.length];
      for (int i = 0; i < row.length; i++) owners[i] = completion[i] ? row[i] : 2L * pairs;
      return owners;
    }

    /** Returns the tokens of each completion of one side. */
    int[] tokens(boolean chosen) {
      int[] tokens = new int[pairs];
      for (int i = 0; i < row.length; i++) {
        if (completion[i] && chosen(i) == chosen) tokens[pair(i)]++;
      }
      return tokens;
    }
  }
}
