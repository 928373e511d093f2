package dev.graft.training.finetune;

import dev.graft.training.TokenLoss;
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
 */
record Progress(
    long step,
    long trainedTokens,
    double lossSum,
    long losses,
    LossTrend trend,
    @Nullable Best best) {
  static final Progress START = new Progress(0, 0, 0, 0, LossTrend.NONE, null);

  Progress after(TokenLoss loss) {
    return new Progress(
        step + 1,
        trainedTokens + loss.trainedTokens(),
        lossSum + loss.sum(),
        losses + loss.tokens(),
        trend.after(loss.mean()),
        best);
  }

  Progress evaluated(Best now) {
    return new Progress(step, trainedTokens, lossSum, losses, trend, now);
  }

  double meanLoss() {
    return losses == 0 ? 0 : lossSum / losses;
  }
}
