package dev.graft.model;

import ai.djl.pytorch.engine.PtNDArray;
import java.util.List;

/**
 * Targets as the model sees them.
 *
 * @param logps log-probability of each
 * @param best whether it had the largest logit
 */
record TokenScores(float[] logps, boolean[] best) {
  static TokenScores of(List<PtNDArray> parts) {
    return new TokenScores(parts.get(0).toFloatArray(), parts.get(1).toBooleanArray());
  }

  /**
   * The same on the device, with the gradient at the head's output.
   *
   * @param logps (targets)
   * @param best (targets)
   * @param gradient (targets, hidden)
   */
  record Descent(PtNDArray logps, PtNDArray best, PtNDArray gradient) {}
}
