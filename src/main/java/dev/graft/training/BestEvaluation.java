package dev.graft.training;

import org.jspecify.annotations.Nullable;

/**
 * The best evaluation so far; the rule is that of transformers' {@code EarlyStoppingCallback}.
 *
 * @param loss on the validation file
 * @param step after which it was measured
 * @param worse evaluations in a row that were not better by more than the threshold
 */
record BestEvaluation(double loss, long step, int worse) {
  /** After another evaluation. */
  public static BestEvaluation after(
      @Nullable BestEvaluation before, double loss, long step, double threshold) {
    if (before == null) return new BestEvaluation(loss, step, 0);
    int worse = loss < before.loss() - threshold ? 0 : before.worse() + 1;
    return loss < before.loss()
        ? new BestEvaluation(loss, step, worse)
        : new BestEvaluation(before.loss(), before.step(), worse);
  }
}
