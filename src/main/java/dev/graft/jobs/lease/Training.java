package dev.graft.jobs.lease;

/**
 * Events inside a worker's process, published on the thread that is about to train. Other users of
 * the machine free memory before their listener returns.
 */
public sealed interface Training {
  record Begins(String device) implements Training {}

  record Ended(String device) implements Training {}
}
