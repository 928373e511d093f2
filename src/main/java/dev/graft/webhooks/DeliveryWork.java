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

/** Sends an endpoint the first that is due, and decides what comes after it. */
@Component
class DeliveryWork implements WorkKind {
  private static final Logger log = LoggerFactory.getLogger(DeliveryWork.class);
  private static final Duration GIVEN_BACK = Duration.ofMinutes(5);
  private static final int GONE = 410;

  /** Deliveries have attempts of their own; an endpoint is never given up. */
  private static final WorkSettings.Backoff ENDLESS =
      new WorkSettings.Backoff(Integer.MAX_VALUE, Duration.ofSeconds(30), Duration.ofMinutes(5));

  private final Outbox outbox;
  private final WebhookSender courier;
  private final WebhooksConfiguration.WebhookProperties settings;
  private final MeterRegistry registry;

  DeliveryWork(
      Outbox outbox,
      WebhookSender courier,
      WebhooksConfiguration.WebhookProperties settings,
      MeterRegistry registry) {
    this.outbox = outbox;
    this.courier = courier;
    this.settings = settings;
    this.registry = registry;
    attempts(true); // from 0 on
    attempts(false);
  }

  private Timer attempts(boolean delivered) {
    return Timer.builder("graft.webhook.attempt")
        .description("How long receivers of webhooks took to answer, by whether they took it")
        .serviceLevelObjectives(
            Duration.ofMillis(100), Duration.ofSeconds(1), Duration.ofSeconds(5))
        .tag("outcome", delivered ? "delivered" : "failed")
        .register(registry);
  }

  /** What is under way when the server stops has its time to end; what does not is sent again. */
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

  /** At a rate: what comes after a delay shares one thread with the reaper of leases. */
  @Scheduled(fixedRateString = "PT1H", initialDelayString = "PT1H")
  void forget() {
    outbox.forget(settings.keep());
  }

  /** An attempt that takes its server down ends some day, too: it was counted when it began. */
  private AttemptOutcome outcome(Outbox.Claim claim) throws SealedSecrets.Unreadable {
    if (claim.attempt() > settings.retries().size() + 1) return AttemptOutcome.NONE;
    try {
      return courier.bring(claim.message(), claim.address(), claim.at());
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
