package dev.graft.training;

/** A golden case needs something that is not implemented yet. */
final class Unsupported extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public Unsupported(String what) {
    super(what);
  }
}
