package dev.graft.jobs;

import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** Whether a failed attempt is followed by another, and when. */
@Component
class Retries {
  private final JobProperties settings;

  public Retries(JobProperties settings) {
    this.settings = settings;
  }

  /** The delay until the next attempt; null = the failure is final. */
  public @Nullable Duration after(TrainingFailure failure, JobRow.Tries before) {
    return switch (failure.kind()) {
      case BAD_INPUT, TIME_LIMIT -> null;
      case OUT_OF_MEMORY -> before.memory() == 0 ? Duration.ZERO : null;
      // As a worker that stopped renewing: no verdict on the job, until it is the job every time.
      case WORKER_LOST -> poison(before) ? null : Duration.ZERO;
      case TRANSIENT, NO_PROGRESS ->
          before.failures() + 1 < settings.maxFailures() ? delay(before.failures()) : null;
    };
  }

  private boolean poison(JobRow.Tries before) {
    return before.ownLossesInARow() + 1 >= settings.poisonAfter()
        || before.lossesInARow() + 1 >= settings.poisonAfter() * LostLeases.UNPROVEN;
  }

  private Duration delay(int failuresBefore) {
    Duration doubled = settings.retryAfter().multipliedBy(1L << Math.min(failuresBefore, 20));
    return doubled.compareTo(settings.retryAtMost()) < 0 ? doubled : settings.retryAtMost();
  }

  /** The sentence for the job's events. */
  static String told(TrainingFailure failure, @Nullable Duration retry) {
    if (retry == null) return "Fine-tuning job failed: " + failure.message();
    return switch (failure.kind()) {
      case OUT_OF_MEMORY ->
          "Ran out of memory; trying again with as little of it as the same steps take";
      case WORKER_LOST -> "The trainer was killed";
      case TRANSIENT, NO_PROGRESS, BAD_INPUT, TIME_LIMIT ->
          "Trying again in %d s after a failure: %s"
              .formatted(retry.toSeconds(), failure.message());
    };
  }
}
