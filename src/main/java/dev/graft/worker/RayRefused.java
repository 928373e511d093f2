package dev.graft.worker;

/** The cluster answered, and will not do it; the message is for operators. */
final class RayRefused extends RuntimeException {
  private static final long serialVersionUID = 1;

  RayRefused(String message) {
    super(message);
  }
}
