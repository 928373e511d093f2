package dev.graft.jobs.lease;

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
  /** Decides what happens next. */
  public enum Kind {
    /** The request or its data cannot be trained; never retried. */
    BAD_INPUT,
    /** Retried once with half the micro-batch and twice the accumulation. */
    OUT_OF_MEMORY,
    /** Anything that may pass: retried with a growing delay. */
    TRANSIENT,
    /** The trainer was killed from outside; the server uses it for workers that stop renewing. */
    WORKER_LOST
  }
}
