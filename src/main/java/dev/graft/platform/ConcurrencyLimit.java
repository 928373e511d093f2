package dev.graft.platform;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Limits concurrent requests; further requests are refused with a time to retry. */
public final class ConcurrencyLimit {
  private final Semaphore free;
  private final Set<String> inside = ConcurrentHashMap.newKeySet();
  private final Duration retryAfter;
  private final String busy;

  /**
   * @param busy the message for requests over the limit
   */
  public ConcurrencyLimit(int most, Duration retryAfter, String busy) {
    this.free = new Semaphore(most);
    this.retryAfter = retryAfter;
    this.busy = busy;
  }

  /**
   * Runs {@code work} under the limit, and only one at a time for each owner.
   *
   * @param whose the owner, such as a department's id
   * @throws RequestFailed 503 if the limit is reached or the owner's other request is still running
   */
  public <T> T run(String whose, Supplier<T> work) {
    if (!inside.add(whose)) throw refusal();
    try {
      return run(work);
    } finally {
      inside.remove(whose);
    }
  }

  /**
   * @throws RequestFailed 503 if the limit is reached
   */
  public <T> T run(Supplier<T> work) {
    if (!free.tryAcquire()) throw refusal();
    try {
      return work.get();
    } finally {
      free.release();
    }
  }

  private RequestFailed refusal() {
    return new RequestFailed(ProblemType.UNAVAILABLE, busy).retryAfter(retryAfter);
  }
}
