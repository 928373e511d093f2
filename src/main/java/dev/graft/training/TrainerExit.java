package dev.graft.training;

/** How a run ended, as the exit status of the trainer process. */
public enum TrainerExit {
  DONE(0),
  /** Trying again may help: the machine, not the request. Any unlisted status means this too. */
  TRANSIENT(1),
  /** The request, the data or the base model is at fault; trying again will not help. */
  BAD_INPUT(2),
  /**
   * Memory ran out: the device's, as the last event says; without that the Java heap's, as a JVM
   * under {@code -XX:+ExitOnOutOfMemoryError} ends.
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

  /** The meaning of a process's exit status. */
  public static TrainerExit of(int status) {
    for (TrainerExit exit : values()) {
      if (exit.status == status) return exit;
    }
    return TRANSIENT;
  }
}
