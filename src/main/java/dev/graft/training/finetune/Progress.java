package dev.graft.training.finetune;

import dev.graft.training.TokenLoss;
import org.jspecify.annotations.Nullable;

/**
 * How far a run is.
 *
 * @param step optimiser steps made
 * @param trainedTokens targets of them
 * @param lossSum nats over those
 * @param trend of the losses
 * @param best evaluation so far; null before the first one
 */
record Progress(
    long step, long trainedTokens, double lossSum, LossTrend trend, @Nullable Best best) {
  static final Progress START = new Progress(0, 0, 0, LossTrend.NONE, null);

  Progress after(TokenLoss loss) {
    return new Progress(
        step + 1,
        trainedTokens + loss.tokens(),
        lossSum + loss.sum(),
        trend.after(loss.mean()),
        best);
  }

  Progress evaluated(Best now) {
    return new Progress(step, trainedTokens, lossSum, trend, now);
  }

  double meanLoss() {
    return trainedTokens == 0 ? 0 : lossSum / trainedTokens;
  }
}
