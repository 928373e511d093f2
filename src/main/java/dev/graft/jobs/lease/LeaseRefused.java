package dev.graft.jobs.lease;

/** The server refuses what the worker asked; asking again would not help. The reason says why. */
public sealed class LeaseRefused extends RuntimeException permits UploadsExceeded {
  private final String reason;

  public LeaseRefused(String reason) {
    super(reason);
    this.reason = reason;
  }

  public String reason() {
    return reason;
  }
}
