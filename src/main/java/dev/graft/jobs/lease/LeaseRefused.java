package dev.graft.jobs.lease;

/** The server refuses what the worker asked; asking again would not help. The message says why. */
public final class LeaseRefused extends RuntimeException {
  public LeaseRefused(String message) {
    super(message);
  }
}
