package dev.graft.jobs;

/** The worker that calls, as its credential says. */
record WorkerPrincipal(String workerId) {}
