package dev.graft.training;

import dev.graft.spec.Hyperparameters.LrSchedulerType;

/** Learning-rate schedules as pure functions; the formulas are those of transformers. */
public final class Schedules {
  private Schedules() {}

  /**
   * @param step optimiser steps made before this one
   * @param warmup steps of linear warm-up; the first of them has multiplier 0
   * @param total optimiser steps of the run
   * @return factor of the learning rate, 0..1
   */
  public static double multiplier(LrSchedulerType type, long step, long warmup, long total) {
    if (type != LrSchedulerType.CONSTANT && step < warmup) {
      return (double) step / Math.max(1, warmup);
    }
    double progress = (double) (step - warmup) / Math.max(1, total - warmup);
    return switch (type) {
      case CONSTANT, CONSTANT_WITH_WARMUP -> 1;
      case LINEAR -> Math.max(0, (double) (total - step) / Math.max(1, total - warmup));
      case COSINE -> Math.max(0, 0.5 * (1 + Math.cos(Math.PI * progress)));
    };
  }
}
