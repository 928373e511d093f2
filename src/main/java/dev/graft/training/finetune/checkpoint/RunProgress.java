package dev.graft.training.finetune.checkpoint;

import dev.graft.training.metrics.TokenLoss;
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
 */
public record RunProgress(
    long step,
    long trainedTokens,
    double lossSum,
    long losses,
    LossTrend trend,
    @Nullable BestEvaluation best,
    boolean evaluationDue) {
  public static final RunProgress START = new RunProgress(0, 0, 0, 0, LossTrend.NONE, null, false);

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
        evaluationDue);
  }

  public RunProgress evaluated(BestEvaluation now) {
    return new RunProgress(step, trainedTokens, lossSum, losses, trend, now, false);
  }

  public double meanLoss() {
    return losses == 0 ? 0 : lossSum / losses;
  }
}
