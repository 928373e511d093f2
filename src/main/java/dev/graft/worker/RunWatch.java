package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.jobs.lease.TrainingFailure;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a trainer that takes longer than its job may, or of which nothing was heard for too long: a
 * call of the device's driver that never returns would hold the device for ever. It looks on a
 * thread of its own, by the monotonic clock, from the claim to the end of the trainer.
 */
final class RunWatch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RunWatch.class);
  private static final long LOOK_MS = 500;

  private final Lease lease;
  private final Lease.RunLimits limits;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final long begun = System.nanoTime();
  private long heard;
  private @Nullable Trainer trainer;
  private @Nullable TrainingFailure over;

  RunWatch(Lease lease) {
    this.lease = lease;
    this.limits = lease.limits();
  }

  void start() {
    Thread.ofPlatform().daemon().name("limits " + lease.key().jobId()).start(this::look);
  }

  /** From here on something is to be heard of it, unless its cluster lets it wait. */
  synchronized void started(Trainer process) {
    trainer = process;
    if (!process.waits()) heard();
    if (over != null) process.kill();
  }

  synchronized void heard() {
    heard = System.nanoTime();
  }

  /** Why the run must end; null while it need not. */
  synchronized @Nullable TrainingFailure over() {
    return over;
  }

  @Override
  public void close() {
    closed.countDown();
  }

  private void look() {
    try {
      while (!closed.await(LOOK_MS, TimeUnit.MILLISECONDS) && over() == null) check();
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  private void check() {
    long now = System.nanoTime();
    TrainingFailure exceeded = exceeded(now);
    if (exceeded == null) return;
    log.atWarn()
        .addKeyValue("job", lease.key().jobId())
        .addKeyValue("cause", exceeded.message())
        .log("run_over_its_limit");
    Trainer running = over(exceeded);
    if (running == null) return;
    if (exceeded.kind() == TrainingFailure.Kind.NO_PROGRESS) running.dumpThreads();
    running.kill();
  }

  private synchronized @Nullable Trainer over(TrainingFailure exceeded) {
    over = exceeded;
    return trainer;
  }

  private synchronized @Nullable TrainingFailure exceeded(long now) {
    Long longest = limits.maxRunMs();
    if (longest != null && millis(now - begun) >= longest) {
      return new TrainingFailure(
          TrainingFailure.Kind.TIME_LIMIT,
          "The job ran for longer than its max_run_seconds",
          null,
          null);
    }
    Long silence = limits.noProgressMs();
    if (silence != null && heard != 0 && millis(now - heard) >= silence) {
      return new TrainingFailure(
          TrainingFailure.Kind.NO_PROGRESS,
          "The trainer made no step for %d s, its no_progress_seconds"
              .formatted(TimeUnit.MILLISECONDS.toSeconds(silence)),
          null,
          null);
    }
    return null;
  }

  private static long millis(long nanos) {
    return TimeUnit.NANOSECONDS.toMillis(nanos);
  }
}
