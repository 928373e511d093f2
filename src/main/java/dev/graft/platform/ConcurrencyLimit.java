package dev.graft.platform;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Lets so many requests in at once, and tells the others to come again. */
public final class ConcurrencyLimit {
  private final Semaphore free;
  private final Set<String> inside = ConcurrentHashMap.newKeySet();
  private final Duration retryAfter;
  private final String busy;

  /**
   * @param busy what the others are told
   */
  public ConcurrencyLimit(int most, Duration retryAfter, String busy) {
    this.free = new Semaphore(most);
    this.retryAfter = retryAfter;
    this.busy = busy;
  }

  /**
   * As below, and one at a time of those who share something.
   *
   * @param whose what they share, such as a department's id
   * @throws RequestFailed 503 if too many are in, or one of the same
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
   * @throws RequestFailed 503 if too many are in
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
