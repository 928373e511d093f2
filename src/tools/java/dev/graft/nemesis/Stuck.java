package dev.graft.nemesis;

/** Something that must come did not come in time, or a request was refused that must not be. */
final class Stuck extends RuntimeException {
  private static final long serialVersionUID = 1;

  public Stuck(String message) {
    super(message);
  }
}
