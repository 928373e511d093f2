package dev.graft.nemesis;

/** A request without an answer, or with one that promises nothing: it may be made again. */
final class NotAcknowledged extends RuntimeException {
  private static final long serialVersionUID = 1;

  NotAcknowledged(String message) {
    super(message);
  }
}
