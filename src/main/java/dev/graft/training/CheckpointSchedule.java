package dev.graft.training;

import dev.graft.spec.Hyperparameters;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * When a run makes a checkpoint by itself: after so many steps, or at the end of epochs; and after
 * so long.
 */
final class CheckpointSchedule {
  /** OpenAI keeps the checkpoints of so many epochs. */
  private static final int LAST_EPOCHS = 3;

  /** Ends of earlier epochs that follow one another faster make no checkpoint. */
  private static final long YOUNG = TimeUnit.MINUTES.toNanos(1);

  private final Hyperparameters training;
  private final BatchPlan plan;
  private final long saveNanos;
  private final LongSupplier nanoTime;
  private long last;

  CheckpointSchedule(Hyperparameters training, BatchPlan plan, LongSupplier nanoTime) {
    this.training = training;
    this.plan = plan;
    this.saveNanos = Math.round(training.saveMinutes() * TimeUnit.MINUTES.toNanos(1));
    this.nanoTime = nanoTime;
    this.last = nanoTime.getAsLong();
  }

  /** After a step that is not the last one. */
  boolean due(long step) {
    long age = nanoTime.getAsLong() - last;
    boolean byTime = saveNanos > 0 && age >= saveNanos;
    Integer every = training.saveSteps();
    if (every != null) return byTime || (every > 0 && step % every == 0);
    return byTime || (endsEpoch(step) && (isOneOfTheLast(step) || age >= YOUNG));
  }

  /** After the last step: the result is there, and the epoch's checkpoint beside it. */
  boolean dueAtEnd(long step) {
    return training.saveSteps() == null && endsEpoch(step);
  }

  private boolean endsEpoch(long step) {
    return step % plan.stepsPerEpoch() == 0;
  }

  /** Any may be, where validations decide when the run ends. */
  private boolean isOneOfTheLast(long step) {
    return training.evaluation().earlyStoppingPatience() > 0
        || step > plan.totalSteps() - LAST_EPOCHS * (long) plan.stepsPerEpoch();
  }

  /** A checkpoint was made, for whatever reason: the time begins again. */
  void made() {
    last = nanoTime.getAsLong();
  }
}
