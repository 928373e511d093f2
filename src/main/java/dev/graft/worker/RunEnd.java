package dev.graft.worker;

import dev.graft.jobs.lease.TrainingFailure;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import org.jspecify.annotations.Nullable;

/** What a trainer's exit status and last words mean for its job. */
final class RunEnd {
  private static final int KILLED = 128 + 9;
  private static final int TERMINATED = 128 + 15;

  private static final String LARGER_HEAP = "Ask the operator to raise graft.worker.heap";

  private RunEnd() {}

  static boolean done(int status) {
    return TrainerExit.of(status) == TrainerExit.DONE;
  }

  /**
   * Null if the run did as it was told: done, stopped or cancelled.
   *
   * @param memoryRanOut whether the kernel has killed something for that while the trainer ran
   */
  static @Nullable TrainingFailure failure(
      int status, TrainingEvent.@Nullable Failed said, boolean memoryRanOut) {
    return switch (TrainerExit.of(status)) {
      case DONE, STOPPED_AFTER_CHECKPOINT, CANCELLED -> null;
      case BAD_INPUT ->
          of(TrainingFailure.Kind.BAD_INPUT, said, "The trainer refused its input", null);
      case OUT_OF_MEMORY ->
          of(
              TrainingFailure.Kind.OUT_OF_MEMORY,
              said,
              "The trainer's Java heap is full",
              said == null ? LARGER_HEAP : TrainingFailure.Kind.OUT_OF_MEMORY.hint());
      case TRANSIENT -> unexpected(status, said, memoryRanOut);
    };
  }

  /** Killed from outside is no verdict on the job, unless its memory is why. */
  private static TrainingFailure unexpected(
      int status, TrainingEvent.@Nullable Failed said, boolean memoryRanOut) {
    if (said == null && status == KILLED && memoryRanOut) {
      return of(
          TrainingFailure.Kind.OUT_OF_MEMORY,
          null,
          "The machine's memory ran out, and the kernel killed the trainer",
          TrainingFailure.Kind.OUT_OF_MEMORY.hint());
    }
    boolean killed = said == null && (status == KILLED || status == TERMINATED);
    return of(
        killed ? TrainingFailure.Kind.WORKER_LOST : TrainingFailure.Kind.TRANSIENT,
        said,
        "The trainer stopped unexpectedly",
        null);
  }

  private static TrainingFailure of(
      TrainingFailure.Kind kind,
      TrainingEvent.@Nullable Failed said,
      String otherwise,
      @Nullable String hint) {
    return new TrainingFailure(
        kind, said == null ? otherwise : said.message(), hint, said == null ? null : said.param());
  }
}
