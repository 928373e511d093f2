package dev.graft.training.finetune;

import dev.graft.spec.Hyperparameters;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** When a run makes a checkpoint by itself: after so many steps, and after so long. */
final class CheckpointSchedule {
  private final int saveSteps;
  private final long saveNanos;
  private final LongSupplier nanoTime;
  private long last;

  CheckpointSchedule(Hyperparameters training, LongSupplier nanoTime) {
    this.saveSteps = training.saveSteps();
    this.saveNanos = Math.round(training.saveMinutes() * TimeUnit.MINUTES.toNanos(1));
    this.nanoTime = nanoTime;
    this.last = nanoTime.getAsLong();
  }

  boolean due(long step) {
    boolean bySteps = saveSteps > 0 && step % saveSteps == 0;
    boolean byTime = saveNanos > 0 && nanoTime.getAsLong() - last >= saveNanos;
    return bySteps || byTime;
  }

  /** A checkpoint was made, for whatever reason: the time begins again. */
  void made() {
    last = nanoTime.getAsLong();
  }
}
