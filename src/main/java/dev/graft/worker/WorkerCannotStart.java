package dev.graft.worker;

/** The worker lacks something it cannot do without; the message says what and how to get it. */
public final class WorkerCannotStart extends RuntimeException {
  public WorkerCannotStart(String message) {
    super(message);
  }
}
