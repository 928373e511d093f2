package dev.graft.inference;

/** Nobody waits for this call: it was answered, cancelled, given up, or never this worker's. */
final class CallGone extends RuntimeException {
  CallGone() {
    super("nobody waits for this call");
  }
}
