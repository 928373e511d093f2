package dev.graft.inference;

/** The child process is gone, or so late that it was ended. The next chat gets a new one. */
final class InferrerLost extends Exception {
  public InferrerLost(String message) {
    super(message);
  }
}
