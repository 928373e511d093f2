package dev.graft.platform.work;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Keeps a claim while a thread works under it: renews it from time to time, and interrupts the
 * thread once it is lost, be it because what it is about was cancelled.
 */
final class KeptClaim implements AutoCloseable {
  private static final int RENEWALS = 6;

  private final LeasedWork work;
  private final WorkClaim claim;
  private final Duration lease;
  private final Thread worker = Thread.currentThread();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread keeper;
  private volatile boolean lost;

  /** The thread that calls is the one that works, and closes this. */
  KeptClaim(LeasedWork work, WorkClaim claim, Duration lease) {
    this.work = work;
    this.claim = claim;
    this.lease = lease;
    keeper = Thread.ofVirtual().name("claim " + claim.subject()).start(this::keep);
  }

  /** Whether it is another's by now, or nobody's. */
  boolean lost() {
    return lost;
  }

  private void keep() {
    try {
      long held = System.nanoTime();
      while (!closed.await(lease.dividedBy(RENEWALS).toNanos(), TimeUnit.NANOSECONDS)) {
        long asked = System.nanoTime();
        boolean over = asked - held > lease.toNanos();
        boolean renewed = !over && renewed();
        if (claim.ended) return; // by the worker itself
        if (renewed) held = asked;
        else if (over || lost) break;
      }
      if (closed.getCount() == 0) return;
      lost = true;
      worker.interrupt();
    } catch (InterruptedException hurried) {
      // closed while the database does not answer
    }
  }

  /** False, too, while the database does not answer: the claim holds on for a while. */
  private boolean renewed() {
    try {
      boolean renewed = work.renew(claim, lease);
      if (!renewed && !claim.ended) lost = true;
      return renewed;
    } catch (RuntimeException away) {
      return false;
    }
  }

  /** A renewal that is being made is given a moment: broken off, it would cost a connection. */
  @Override
  public void close() throws InterruptedException {
    closed.countDown();
    if (!keeper.join(Duration.ofSeconds(1))) keeper.interrupt();
    keeper.join();
  }
}
