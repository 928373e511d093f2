package dev.graft.nemesis;

/** Something did not happen in time, or a request was refused unexpectedly. */
final class Stuck extends RuntimeException {
  private static final long serialVersionUID = 1;

  public Stuck(String message) {
    super(message);
  }
}
