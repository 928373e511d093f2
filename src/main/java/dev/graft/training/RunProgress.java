package dev.graft.training;

import dev.graft.model.PendingLoss.TokenLoss;
import org.jspecify.annotations.Nullable;

/**
 * The progress of a run.
 *
 * @param step optimiser steps made
 * @param trainedTokens targets of them
 * @param lossSum nats so far
 * @param losses number of terms of that sum: trained tokens, or micro-batches of pairs
 * @param trend of the losses
 * @param best evaluation so far; null before the first one
 * @param evaluationDue whether the evaluation after this step is still due
 * @param skippedInARow consecutive skipped steps before the next one
 */
record RunProgress(
    long step,
    long trainedTokens,
    double lossSum,
    long losses,
    LossTrend trend,
    @Nullable BestEvaluation best,
    boolean evaluationDue,
    int skippedInARow) {
  public static final RunProgress START =
      new RunProgress(0, 0, 0, 0, LossTrend.NONE, null, false, 0);

  /**
   * @param evaluationDue whether an evaluation follows
   */
  public RunProgress after(TokenLoss loss, boolean evaluationDue) {
    return new RunProgress(
        step + 1,
        trainedTokens + loss.trainedTokens(),
        lossSum + loss.sum(),
        losses + loss.tokens(),
        trend.after(loss.mean()),
        best,
        evaluationDue,
        0);
  }

  /**
   * Returns the progress after a step without an update.
   *
   * @param evaluationDue whether an evaluation follows
   */
  public RunProgress skipped(boolean evaluationDue) {
    return new RunProgress(
        step + 1, trainedTokens, lossSum, losses, trend, best, evaluationDue, skippedInARow + 1);
  }

  public RunProgress evaluated(BestEvaluation now) {
    return new RunProgress(step, trainedTokens, lossSum, losses, trend, now, false, skippedInARow);
  }

  public double meanLoss() {
    return losses == 0 ? 0 : lossSum / losses;
  }

  /**
   * The best evaluation so far; the rule is that of transformers' {@code EarlyStoppingCallback}.
   *
   * @param loss on the validation file
   * @param step after which it was measured
   * @param worse evaluations in a row that were not better by more than the threshold
   */
  record BestEvaluation(double loss, long step, int worse) {
    /** Returns the best evaluation after another one. */
    public static BestEvaluation after(
        @Nullable BestEvaluation before, double loss, long step, double threshold) {
      if (before == null) return new BestEvaluation(loss, step, 0);
      int worse = loss < before.loss() - threshold ? 0 : before.worse() + 1;
      return loss < before.loss()
          ? new BestEvaluation(loss, step, worse)
          : new BestEvaluation(before.loss(), before.step(), worse);
    }
  }

  /**
   * The trend of the losses of steps, to detect a loss far above that of the start.
   *
   * @param start mean of the first steps, in the unit of the loss
   * @param recent mean with a decay of one tenth a step
   * @param steps seen
   */
  record LossTrend(double start, double recent, long steps) {
    static final LossTrend NONE = new LossTrend(0, 0, 0);

    /** Steps that make up {@link #start}. */
    private static final int FIRST = 10;

    LossTrend after(double loss) {
      double first = steps < FIRST ? start + (loss - start) / (steps + 1) : start;
      double mean = steps == 0 ? loss : recent + (loss - recent) / FIRST;
      return new LossTrend(first, mean, steps + 1);
    }

    /**
     * Returns whether a loss shows that the run diverged: more than twice the start or the recent
     * mean, plus one. A rare hard batch late in a run is far below that, since losses fall.
     */
    public boolean spikes(double loss) {
      return steps >= FIRST && loss > 2 * Math.max(start, recent) + 1;
    }
  }
}
