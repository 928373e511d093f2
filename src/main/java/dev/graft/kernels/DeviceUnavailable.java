package dev.graft.kernels;

/**
 * This machine has no such device, or cannot use it. The message says why and how to cure it, in
 * one line. No other device takes its place.
 */
public final class DeviceUnavailable extends RuntimeException {
  private static final long serialVersionUID = 1;

  public DeviceUnavailable(String whatAndCure) {
    super(whatAndCure);
  }
}
