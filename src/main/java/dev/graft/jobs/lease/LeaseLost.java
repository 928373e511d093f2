package dev.graft.jobs.lease;

/**
 * The lease is no longer the caller's: it expired and was taken away, or the job has ended. A
 * normal race, not a fault: stop working on the job and write nothing more about it.
 */
public final class LeaseLost extends RuntimeException {
  public LeaseLost(LeaseKey key) {
    super("lease of " + key.jobId() + " at epoch " + key.epoch() + " is no longer held");
  }
}
