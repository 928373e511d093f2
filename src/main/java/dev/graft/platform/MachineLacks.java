package dev.graft.platform;

/**
 * This machine lacks something that was asked for: a port, disk space, a directory it may write.
 * The message says what and how to cure it, in one line; {@code graft} prints it and ends with 3.
 */
public final class MachineLacks extends RuntimeException {
  public MachineLacks(String whatAndCure) {
    super(whatAndCure);
  }

  public MachineLacks(String whatAndCure, Throwable cause) {
    super(whatAndCure, cause);
  }
}
