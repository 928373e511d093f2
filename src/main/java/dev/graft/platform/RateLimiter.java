package dev.graft.platform;

import java.time.Duration;

/**
 * Says whether a caller may make one more request now. Asked once the caller is known and before
 * what they may do is looked at, so that refusals count as well. The module that knows callers
 * supplies the bean.
 */
@FunctionalInterface
public interface RateLimiter {
  /** For each request. */
  Turn take(Object principal);

  /**
   * One request's turn, by the tighter of the limits that hold for its caller.
   *
   * @param limit requests a minute
   * @param remaining requests that would be let through at once
   * @param full when all of {@code limit} would be again
   * @param retryIn how long until this request may come again; zero if it may pass
   * @param whose limit it is, for the error: {@code key} or {@code project}
   */
  record Turn(int limit, int remaining, Duration full, Duration retryIn, String whose) {
    boolean refused() {
      return retryIn.isPositive();
    }
  }
}
