package dev.graft.platform;

/**
 * This machine lacks something that is needed: a port, disk space, a writable directory. The
 * message describes the problem and the fix in one line; {@code graft} prints it and exits with
 * status 3.
 */
public final class MachineLacks extends RuntimeException {
  public MachineLacks(String whatAndCure) {
    super(whatAndCure);
  }

  public MachineLacks(String whatAndCure, Throwable cause) {
    super(whatAndCure, cause);
  }
}
