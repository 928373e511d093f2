package dev.graft.training.parity;

/** A golden case needs something that is not built yet. */
final class Unsupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  Unsupported(String what) {
    super(what);
  }
}
