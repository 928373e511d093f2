package dev.graft.webhooks.delivery;

import dev.graft.platform.process.LoopThreads;
import dev.graft.webhooks.delivery.WebhookSender.AttemptOutcome;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The loop that sends what is due, a virtual thread each, and decides what comes after it. */
public final class DeliveryLoop implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(DeliveryLoop.class);
  private static final Duration GIVEN_BACK = Duration.ofMinutes(5);
  private static final Duration CLEAN_EVERY = Duration.ofHours(1);
  private static final Duration MOMENT = Duration.ofMillis(250);
  private static final int GONE = 410;

  private final Outbox outbox;
  private final WebhookSender courier;
  private final WebhookProperties settings;
  private final Duration lease;
  private final Semaphore free;

  /** Has a permit when there is a reason to look before the next poll. */
  private final Semaphore news = new Semaphore(0);

  private volatile boolean stopping;
  private volatile boolean draining;
  private boolean failing;
  private long cleaned = System.nanoTime();

  public DeliveryLoop(Outbox outbox, WebhookSender courier, WebhookProperties settings) {
    this.outbox = outbox;
    this.courier = courier;
    this.settings = settings;
    this.lease = settings.timeout().multipliedBy(3);
    this.free = new Semaphore(settings.parallel());
  }

  public LoopThreads threads() {
    return new LoopThreads(List.of(this), Thread.ofVirtual().name("webhooks"), this::end);
  }

  /**
   * A claim that is being made is given a moment: broken off, it would be lost for the time of its
   * lease. One that a database does not answer is not waited for.
   */
  private void end(List<Thread> threads) {
    stopping = true;
    news.release();
    Thread.ofVirtual()
        .start(
            () -> {
              for (Thread thread : threads) {
                try {
                  if (!thread.join(MOMENT) && !draining) thread.interrupt();
                } catch (InterruptedException hurried) {
                  thread.interrupt();
                }
              }
            });
  }

  @Override
  public void run() {
    try {
      while (!stopping) {
        if (startOne()) continue;
        var _ = news.tryAcquire(settings.poll().toNanos(), TimeUnit.NANOSECONDS);
        news.drainPermits();
      }
    } catch (InterruptedException stopped) {
      // ends
    }
    drain();
  }

  /** What is under way has its time to end; what does not is sent again. */
  private void drain() {
    draining = true;
    try {
      boolean ended =
          free.tryAcquire(
              settings.parallel(), settings.timeout().toMillis(), TimeUnit.MILLISECONDS);
      if (!ended) log.atWarn().log("webhooks_under_way");
    } catch (InterruptedException hurried) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether there was something to send. */
  private boolean startOne() throws InterruptedException {
    free.acquire();
    Optional<Outbox.Claim> claim = stopping ? Optional.empty() : claim();
    if (claim.isEmpty()) {
      free.release();
      return false;
    }
    Thread.ofVirtual()
        .name("webhook " + claim.get().message().id())
        .start(
            () -> {
              try {
                deliver(claim.get());
              } catch (RuntimeException e) {
                log.atError().setCause(e).log("webhook_unreported"); // sent again after its lease
              } finally {
                free.release();
                news.release();
              }
            });
    return true;
  }

  private Optional<Outbox.Claim> claim() {
    try {
      if (System.nanoTime() - cleaned > CLEAN_EVERY.toNanos()) {
        cleaned = System.nanoTime();
        outbox.forget(settings.keep());
      }
      Optional<Outbox.Claim> claim = outbox.claim(lease, settings.share());
      failing = false;
      return claim;
    } catch (RuntimeException away) {
      if (!failing && !stopping) log.atWarn().setCause(away).log("webhooks_unread");
      failing = true;
      return Optional.empty();
    }
  }

  private void deliver(Outbox.Claim claim) {
    try {
      report(claim, outcome(claim));
    } catch (SealedSecrets.Unreadable e) {
      log.atError()
          .setCause(e)
          .addKeyValue("endpoint", claim.address().endpointId())
          .log("webhook_secret_unreadable");
      outbox.giveBack(claim, GIVEN_BACK);
    }
  }

  /** An attempt that takes its server down ends some day, too: it was counted when it began. */
  private AttemptOutcome outcome(Outbox.Claim claim) throws SealedSecrets.Unreadable {
    if (claim.attempt() > settings.retries().size() + 1) return AttemptOutcome.NONE;
    try {
      return courier.bring(claim.message(), claim.address(), claim.at());
    } catch (RuntimeException e) {
      log.atError().setCause(e).log("webhook_unsent");
      return AttemptOutcome.NONE;
    }
  }

  private void report(Outbox.Claim claim, AttemptOutcome outcome) {
    boolean gone = outcome.status() != null && outcome.status() == GONE;
    Duration next = outcome.error() == null || gone ? null : wait(claim.attempt());
    boolean held = outbox.report(claim, outcome, next);
    if (!held || outcome.error() == null || next != null) return;
    String reason =
        gone
            ? "The receiver answered 410: it wants no more."
            : "Nothing was delivered in all attempts. " + outcome.error();
    if (outbox.disable(claim, gone, reason)) {
      log.atWarn()
          .addKeyValue("endpoint", claim.address().endpointId())
          .addKeyValue("reason", reason)
          .log("webhook_endpoint_disabled");
    }
  }

  /** Null after the last attempt; spread, so that receivers that come back are not overrun. */
  private @Nullable Duration wait(int attempts) {
    if (attempts > settings.retries().size()) return null;
    long millis = settings.retries().get(attempts - 1).toMillis();
    return Duration.ofMillis(Math.round(millis * ThreadLocalRandom.current().nextDouble(0.9, 1.1)));
  }
}
