package dev.graft.model;

import ai.djl.pytorch.engine.PtNDManager;
import ai.djl.pytorch.jni.IValue;
import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.Orpo;
import java.util.function.Function;

/**
 * The chosen completion rather than the rejected one: the log-probabilities of both give the loss,
 * here, when it is read. Its slopes, which go back through the output matrix, are computed on the
 * device.
 *
 * @param reference zeros where the preference has none
 * @param whole what the means are over: more than these pairs, where they are part of a batch
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
   * @param lays rows out
   * @throws IllegalArgumentException if the preference needs a reference and the batch has none
   */
  public static PairGoal of(
      OutputLoss loss,
      Preference preference,
      PairBatch batch,
      Function<TokenBatch, TokenLayout> lays) {
    TokenBatch chosen = batch.chosen();
    PairBatch learned =
        switch (preference) {
          case Dpo _ -> batch;
          case Orpo _ -> // every token of the chosen text
              new PairBatch(
                  new TokenBatch(chosen.inputIds(), chosen.inputIds(), null, chosen.width()),
                  batch.rejected());
        };
    TokenLayout rows = lays.apply(learned.rows());
    PairLogps reference = batch.reference();
    if (reference == null) {
      if (preference instanceof Dpo) {
        throw new IllegalArgumentException("the pairs have no reference to be measured from");
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
        loss.backward(scope, hidden, rows.targetIds(), logps -> slopes().of(scope, logps, scale));
    return new Result(
        descent.gradient(),
        new Preferred(this, readout.add(descent.logps()), readout.add(descent.best())));
  }

  /** Log-probabilities of the targets, and 1 where one had the largest logit. */
  private record Preferred(PairGoal goal, Readout.Numbers logps, Readout.Numbers best)
      implements PendingLoss.OnDevice {
    @Override
    public TokenLoss read() {
      float[] right = best.values();
      boolean[] largest = new boolean[right.length];
      for (int i = 0; i < right.length; i++) largest[i] = right[i] > 0;
      TokenScores scores = new TokenScores(logps.values(), largest);
      return goal.loss(scores, goal.preferred(scores), 1);
    }
  }

  /** Weighted by its pairs, so that a file's loss is the mean over all of them. */
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

  /** Tokens of the chosen text, prompt included, whose mean loss is part of the whole. */
  private long text() {
    return preference instanceof Dpo ? 0 : whole.chosenText();
  }

  private PairSlopes slopes() {
    return new PairSlopes(loss.memory(), preference, targets, reference, whole.pairs(), text());
  }

  /** These pairs' part of the mean over all. */
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
    PairMetrics ofText = new PairMetrics(0, 0, 0, 0, 0, 0, nll * whole.pairs(), 0, 0);
    return new TokenLoss(
        weight * (share() * preferred.loss() + nll),
        weight,
        correct,
        preferred.metrics().plus(ofText));
  }
}
