package dev.graft.jobs.lease;

/** The worker that calls, as its credential says. */
public record WorkerPrincipal(String workerId) {}
