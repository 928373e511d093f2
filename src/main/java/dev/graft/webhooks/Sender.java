package dev.graft.webhooks;

import dev.graft.platform.LoopThreads;
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
final class Sender implements Runnable {
  private static final Logger log = LoggerFactory.getLogger(Sender.class);
  private static final Duration GIVEN_BACK = Duration.ofMinutes(5);
  private static final Duration CLEAN_EVERY = Duration.ofHours(1);
  private static final int GONE = 410;

  private final Outbox outbox;
  private final Courier courier;
  private final WebhookProperties settings;
  private final Semaphore free;
  private volatile boolean stopping;
  private boolean failing;
  private long cleaned = System.nanoTime();

  Sender(Outbox outbox, Courier courier, WebhookProperties settings) {
    this.outbox = outbox;
    this.courier = courier;
    this.settings = settings;
    this.free = new Semaphore(settings.parallel());
  }

  LoopThreads threads() {
    return new LoopThreads(
        List.of(this),
        Thread.ofVirtual().name("webhooks"),
        threads -> {
          stopping = true;
          threads.forEach(Thread::interrupt);
        });
  }

  @Override
  public void run() {
    try {
      while (!stopping) {
        if (!startOne()) TimeUnit.NANOSECONDS.sleep(settings.poll().toNanos());
      }
    } catch (InterruptedException stopped) {
      // what is under way has its time to end, and its claims run out if it does not
      free.acquireUninterruptibly(settings.parallel());
    }
  }

  /** Whether there was something to send. */
  private boolean startOne() throws InterruptedException {
    free.acquire();
    Optional<Outbox.Claim> claim = claim();
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
                log.atError()
                    .setCause(e)
                    .log("webhook_unreported"); // sent again when its time is up
              } finally {
                free.release();
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
      Optional<Outbox.Claim> claim = outbox.claim(settings.timeout().multipliedBy(3));
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
      report(claim, courier.bring(claim.message(), claim.address(), claim.at()));
    } catch (SealedSecrets.Unreadable e) {
      log.atError()
          .addKeyValue("endpoint", claim.address().endpointId())
          .log("webhook_secret_unreadable");
      outbox.giveBack(claim, GIVEN_BACK);
    }
  }

  private void report(Outbox.Claim claim, Courier.Outcome outcome) {
    boolean gone = outcome.status() != null && outcome.status() == GONE;
    Duration next = outcome.error() == null || gone ? null : wait(claim.attempt());
    boolean held = outbox.report(claim, outcome, next);
    if (!held || outcome.error() == null || next != null) return;
    String reason =
        gone
            ? "The receiver answered 410: it wants no more."
            : "Nothing was delivered for about a day. " + outcome.error();
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
