package dev.graft.training;

import dev.graft.model.PendingLoss.TokenLoss;
import org.jspecify.annotations.Nullable;

/**
 * How far a run is.
 *
 * @param step optimiser steps made
 * @param trainedTokens targets of them
 * @param lossSum nats so far
 * @param losses what that is a sum over: trained tokens, or micro-batches of pairs
 * @param trend of the losses
 * @param best evaluation so far; null before the first one
 * @param evaluationDue whether the evaluation after this step is still to be made
 * @param skippedInARow steps before the next that made no update
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
   * After a step without an update.
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
}
