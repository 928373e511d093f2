package dev.graft.platform.work;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** A reason to look before the next poll: told once or often, it is heard once. */
final class WorkSignal {
  private final Semaphore news = new Semaphore(0);

  void tell() {
    news.release();
  }

  void await(Duration longest) throws InterruptedException {
    var _ = news.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS);
    news.drainPermits();
  }
}
