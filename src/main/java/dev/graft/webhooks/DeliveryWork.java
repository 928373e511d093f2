package dev.graft.webhooks;

import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkKind;
import dev.graft.platform.work.WorkSettings;
import dev.graft.webhooks.WebhookSender.AttemptOutcome;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;

/** Sends the first due delivery of an endpoint, then schedules a retry or disables the endpoint. */
@Component
class DeliveryWork implements WorkKind {
  private static final Logger log = LoggerFactory.getLogger(DeliveryWork.class);
  private static final Duration GIVEN_BACK = Duration.ofMinutes(5);
  private static final int GONE = 410;

  /** Never gives an endpoint up: deliveries count their own attempts. */
  private static final WorkSettings.Backoff ENDLESS =
      new WorkSettings.Backoff(Integer.MAX_VALUE, Duration.ofSeconds(30), Duration.ofMinutes(5));

  private final Outbox outbox;
  private final WebhookSender sender;
  private final WebhooksConfiguration.WebhookProperties settings;
  private final MeterRegistry registry;

  DeliveryWork(
      Outbox outbox,
      WebhookSender sender,
      WebhooksConfiguration.WebhookProperties settings,
      MeterRegistry registry) {
    this.outbox = outbox;
    this.sender = sender;
    this.settings = settings;
    this.registry = registry;
    attempts(true); // so that both series start at 0
    attempts(false);
  }

  private Timer attempts(boolean delivered) {
    return Timer.builder("graft.webhook.attempt")
        .description("Time that receivers of webhooks took to answer, by outcome")
        .serviceLevelObjectives(
            Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(5))
        .tag("outcome", delivered ? "delivered" : "failed")
        .register(registry);
  }

  /** A stopping server waits for requests up to their timeout; later ones are sent again. */
  @Override
  public WorkSettings settings() {
    return new WorkSettings(
        Outbox.WORK,
        false,
        settings.parallel(),
        settings.share(),
        settings.poll(),
        settings.timeout().multipliedBy(3),
        ENDLESS,
        settings.timeout());
  }

  @Override
  public void work(WorkClaim endpoint) {
    Outbox.Claim claim = outbox.begin(endpoint).orElse(null);
    if (claim == null) return;
    try {
      report(claim, outcome(claim));
    } catch (SealedSecrets.Unreadable e) {
      log.atError()
          .setCause(e)
          .addKeyValue("endpoint", endpoint.subject())
          .log("webhook_secret_unreadable");
      outbox.giveBack(claim, GIVEN_BACK);
    }
  }

  /** Runs at a fixed rate: tasks with a fixed delay share one thread with the reaper of leases. */
  @Scheduled(fixedRateString = "PT1H", initialDelayString = "PT1H")
  void forget() {
    outbox.forget(settings.keep());
  }

  /**
   * Sends the event. Attempts are counted when they begin, so one that kills its server also ends.
   */
  private AttemptOutcome outcome(Outbox.Claim claim) throws SealedSecrets.Unreadable {
    if (claim.attempt() > settings.retries().size() + 1) return AttemptOutcome.NONE;
    try {
      return sender.send(claim.message(), claim.address(), claim.at());
    } catch (RuntimeException e) {
      log.atError()
          .setCause(e)
          .addKeyValue("endpoint", claim.address().endpointId())
          .log("webhook_unsent");
      return AttemptOutcome.NONE;
    }
  }

  private void report(Outbox.Claim claim, AttemptOutcome outcome) {
    attempts(outcome.error() == null).record(Duration.ofMillis(outcome.millis()));
    boolean gone = outcome.status() != null && outcome.status() == GONE;
    Duration next = outcome.error() == null || gone ? null : wait(claim.attempt());
    boolean held = outbox.report(claim, outcome, next);
    if (!held || outcome.error() == null || next != null) return;
    String reason =
        gone ? "The receiver answered 410 Gone." : "All attempts failed. " + outcome.error();
    if (outbox.disable(claim, gone, reason)) {
      log.atWarn()
          .addKeyValue("endpoint", claim.address().endpointId())
          .addKeyValue("reason", reason)
          .log("webhook_endpoint_disabled");
    }
  }

  /** Returns the delay before the next attempt, spread by 10 %; null after the last attempt. */
  private @Nullable Duration wait(int attempts) {
    if (attempts > settings.retries().size()) return null;
    long millis = settings.retries().get(attempts - 1).toMillis();
    return Duration.ofMillis(Math.round(millis * ThreadLocalRandom.current().nextDouble(0.9, 1.1)));
  }
}
