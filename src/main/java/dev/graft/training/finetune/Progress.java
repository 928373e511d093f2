package dev.graft.training.finetune;

import dev.graft.training.TokenLoss;

/**
 * How far a run is.
 *
 * @param step optimiser steps made
 * @param trainedTokens targets of them
 * @param lossSum nats over those
 */
record Progress(long step, long trainedTokens, double lossSum) {
  static final Progress START = new Progress(0, 0, 0);

  Progress after(TokenLoss loss) {
    return new Progress(step + 1, trainedTokens + loss.tokens(), lossSum + loss.sum());
  }

  double meanLoss() {
    return trainedTokens == 0 ? 0 : lossSum / trainedTokens;
  }
}
