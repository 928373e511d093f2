package dev.graft.jobs.lease;

/**
 * Events of a worker's own process, published on the thread that is about to train: what else uses
 * the machine makes room before a listener returns.
 */
public sealed interface Training {
  record Begins(String device) implements Training {}

  record Ended(String device) implements Training {}
}
