package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.LeaseProtocol;
import dev.graft.jobs.lease.LeaseProtocol.Directive;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseRefused;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renews one lease on a thread of its own until it is closed, which must be the last step of a run.
 *
 * <p>The lease is trusted from the moment the last successful renewal was <em>sent</em>, for its
 * TTL less a margin of a sixth, on the monotonic clock. The server counts from a later moment, so
 * the worker always stops first. A second thread checks this, because a renewal may hang.
 */
final class Heartbeats implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Heartbeats.class);
  private static final Duration WATCH_EVERY = Duration.ofMillis(200);

  /** Receives the server's directives, on the heartbeat's threads. */
  interface Listener {
    void directed(Directive directive);

    /** The lease is gone or can no longer be trusted. Called once. */
    void lost();
  }

  private final LeaseProtocol protocol;
  private final Lease lease;
  private final RunReporter.PendingReports reports;
  private final Duration reportEvery;
  private final Listener listener;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final CountDownLatch lost = new CountDownLatch(1);
  private final Object renewing = new Object();
  private volatile long trustedUntil;

  /**
   * @param claimAnswered {@link System#nanoTime} when the claim's answer arrived; the time when it
   *     was sent is of no use, because a claim may wait for a job
   */
  Heartbeats(
      LeaseProtocol protocol,
      Lease lease,
      RunReporter.PendingReports reports,
      Duration reportEvery,
      Listener listener,
      long claimAnswered) {
    this.protocol = protocol;
    this.lease = lease;
    this.reports = reports;
    this.reportEvery = reportEvery;
    this.listener = listener;
    this.trustedUntil = trusted(claimAnswered);
  }

  Heartbeats start() {
    String job = lease.key().jobId();
    Thread.ofPlatform().daemon().name("heartbeat " + job).start(this::beat);
    Thread.ofPlatform().daemon().name("trust " + job).start(this::watch);
    return this;
  }

  boolean isLost() {
    return lost.getCount() == 0;
  }

  @Override
  public void close() {
    closed.countDown();
  }

  private void beat() {
    long lastSent = System.nanoTime();
    renew(lastSent); // at once, because the answer of the claim may have taken long
    try {
      while (!closedAfter(pause()) && !isLost()) {
        boolean due = System.nanoTime() - lastSent >= lease.heartbeat().toNanos();
        if (!due && !reports.waiting()) continue;
        lastSent = System.nanoTime();
        renew(lastSent);
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private Duration pause() {
    return reportEvery.compareTo(lease.heartbeat()) < 0 ? reportEvery : lease.heartbeat();
  }

  /** Sends all pending reports now. Throws as {@link LeaseProtocol#renew} does; may be repeated. */
  void flush() {
    synchronized (renewing) { // one report at a time
      while (reports.waiting()) { // an unconfirmed report first, then the news since
        protocol.renew(lease.key(), reports.next());
        reports.confirmed();
      }
    }
  }

  private void renew(long sent) {
    try {
      Directive directive;
      synchronized (renewing) {
        directive = protocol.renew(lease.key(), reports.next());
        trustedUntil = trusted(sent);
        reports.confirmed();
      }
      listener.directed(directive);
    } catch (LeaseLost | LeaseRefused gone) {
      if (closed.getCount() > 0) lose("lease_taken_away");
    } catch (UncheckedIOException unreachable) {
      log.atWarn()
          .addKeyValue("job", lease.key().jobId())
          .addKeyValue("cause", unreachable.getMessage())
          .log("renewal_unanswered");
    }
  }

  private void watch() {
    try {
      while (!closedAfter(WATCH_EVERY) && !isLost()) {
        if (System.nanoTime() - trustedUntil >= 0) lose("lease_not_trusted");
      }
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private synchronized void lose(String event) {
    if (isLost()) return;
    lost.countDown();
    log.atWarn()
        .addKeyValue("job", lease.key().jobId())
        .addKeyValue("epoch", lease.key().epoch())
        .log(event);
    listener.lost();
  }

  private long trusted(long sent) {
    return sent + lease.ttl().toNanos() / 6 * 5;
  }

  private boolean closedAfter(Duration pause) throws InterruptedException {
    return closed.await(pause.toMillis(), TimeUnit.MILLISECONDS);
  }
}
