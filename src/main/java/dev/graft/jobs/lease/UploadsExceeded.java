package dev.graft.jobs.lease;

/** A worker uploads more than the holder of one lease may; its job has failed. */
public final class UploadsExceeded extends LeaseRefused {
  public UploadsExceeded(String reason) {
    super(reason);
  }
}
