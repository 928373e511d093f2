package dev.graft.platform;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/** Lets so many requests in at once, and tells the others to come again. */
public final class Admitted {
  private final Semaphore free;
  private final Duration retryAfter;
  private final String busy;

  /**
   * @param busy what the others are told
   */
  public Admitted(int most, Duration retryAfter, String busy) {
    this.free = new Semaphore(most);
    this.retryAfter = retryAfter;
    this.busy = busy;
  }

  /**
   * @throws RequestFailed 503 if too many are in
   */
  public <T> T run(Supplier<T> work) {
    if (!free.tryAcquire()) {
      throw new RequestFailed(ProblemType.UNAVAILABLE, busy).retryAfter(retryAfter);
    }
    try {
      return work.get();
    } finally {
      free.release();
    }
  }
}
