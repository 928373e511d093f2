package dev.graft.nemesis;

/** A request without an answer, or without an acknowledgement; it may be repeated. */
final class NotAcknowledged extends RuntimeException {
  private static final long serialVersionUID = 1;

  NotAcknowledged(String message) {
    super(message);
  }
}
