package dev.graft.training;

/** The outcome of a run, as the exit status of the trainer process. */
public enum TrainerExit {
  DONE(0),
  /**
   * A fault of the machine, not of the request: retrying may help. Unlisted statuses count as this.
   */
  TRANSIENT(1),
  /** A fault of the request, the data or the base model: retrying does not help. */
  BAD_INPUT(2),
  /**
   * The device ran out of memory, as the last event reports; without that event the Java heap was
   * full, as in a JVM under {@code -XX:+ExitOnOutOfMemoryError}.
   */
  OUT_OF_MEMORY(3),
  STOPPED_AFTER_CHECKPOINT(10),
  CANCELLED(11);

  private final int status;

  TrainerExit(int status) {
    this.status = status;
  }

  public int status() {
    return status;
  }

  /** Returns the meaning of a process's exit status. */
  public static TrainerExit of(int status) {
    for (TrainerExit exit : values()) {
      if (exit.status == status) return exit;
    }
    return TRANSIENT;
  }
}
