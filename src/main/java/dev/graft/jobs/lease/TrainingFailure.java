package dev.graft.jobs.lease;

import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Why a run ended without a result.
 *
 * @param message one sentence for the department: no paths, no stack traces
 * @param hint what to change, if that is known
 * @param param the request field at fault, such as {@code training_file}, if there is one
 */
public record TrainingFailure(
    Kind kind, String message, @Nullable String hint, @Nullable String param) {
  /** Which of a job's counters a failure moves; each has its own bound. */
  public enum Cost {
    ATTEMPT,
    /** Trying with less memory. */
    MEMORY,
    /** As a worker that stopped renewing: no verdict on the job. */
    LOSS
  }

  /** Decides, with the server's {@code Retries}, what happens next. */
  public enum Kind {
    /** The request or its data cannot be trained; never retried. */
    BAD_INPUT(Cost.ATTEMPT, "Correct what the message names, and submit the job again"),
    /** Retried once with as little memory as the same steps take. */
    OUT_OF_MEMORY(Cost.MEMORY, "Lower per_device_train_batch_size or max_length"),
    /** Anything that may pass: retried with a growing delay. */
    TRANSIENT(
        Cost.ATTEMPT,
        "Submit the job again; if it fails as well, ask the operator for the worker's log"),
    /** The trainer was killed from outside; the server uses it for workers that stop renewing. */
    WORKER_LOST(
        Cost.LOSS, "Ask the operator why workers are lost during this job, and submit it again"),
    /** The trainer hung, and was killed; retried as what is transient. */
    NO_PROGRESS(
        Cost.ATTEMPT,
        "Raise resources.no_progress_seconds if a step may take that long; else ask the operator"
            + " for the worker's log"),
    /** The job has run for as long as it may; never retried. */
    TIME_LIMIT(
        Cost.ATTEMPT,
        "Raise resources.max_run_seconds, or continue from the job's last checkpoint in a new one");

    private final Cost cost;
    private final String hint;

    Kind(Cost cost, String hint) {
      this.cost = cost;
      this.hint = hint;
    }

    /** The kind of a row; one that a newer release wrote may pass. */
    public static Kind named(String wireName) {
      return Stream.of(values())
          .filter(kind -> kind.wireName().equals(wireName))
          .findFirst()
          .orElse(TRANSIENT);
    }

    /** As rows, the API and workers name it. */
    public String wireName() {
      return name().toLowerCase(Locale.ROOT);
    }

    public Cost cost() {
      return cost;
    }

    /** What helps where the failure itself says nothing better. */
    public String hint() {
      return hint;
    }
  }
}
