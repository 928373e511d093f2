package dev.graft.inference;

import java.time.Duration;

/** No process can take this chat now; a later try may succeed. */
final class NoCapacity extends RuntimeException {
  private final String why;
  private final Duration retryAfter;

  public NoCapacity(String why, Duration retryAfter) {
    super(why);
    this.why = why;
    this.retryAfter = retryAfter;
  }

  String why() {
    return why;
  }

  Duration retryAfter() {
    return retryAfter;
  }
}
