package dev.graft.jobs.lease;

/**
 * The worker that calls, as its credential says.
 *
 * @param renewalDue whether it is time for another credential
 */
public record WorkerPrincipal(String workerId, boolean renewalDue) {}
