package dev.graft.webhooks;

import dev.graft.platform.ConcurrencyLimit;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Clock;
import java.time.Duration;
import org.springframework.stereotype.Service;

/** Invented events, sent at once: whether an endpoint takes what will come. */
@Service
class SampleEvents {
  public static final int AT_ONCE = 8;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final WebhookSender courier;
  private final Ids ids;
  private final Clock clock;
  private final ConcurrencyLimit senders =
      new ConcurrencyLimit(AT_ONCE, RETRY_AFTER, "Other endpoints are being tested; try again");

  SampleEvents(WebhookSender courier, Ids ids, Clock clock) {
    this.courier = courier;
    this.ids = ids;
    this.clock = clock;
  }

  private static String subject(WebhookEventType type) {
    return type == WebhookEventType.ALIAS_MOVED ? "alias-sample-" : "ftjob-sample-";
  }

  /**
   * Returns the status of the answer, whatever it is.
   *
   * @throws RequestFailed if there is none
   */
  int send(Endpoint endpoint, WebhookEventType type) {
    WebhookEvent sample =
        new WebhookEvent(ids.next("evt_"), type, ids.next(subject(type)), clock.instant());
    WebhookSender.AttemptOutcome outcome =
        senders.run(
            endpoint.departmentId(),
            () -> {
              try {
                return courier.bring(sample, endpoint.address(), clock.instant());
              } catch (SealedSecrets.Unreadable e) {
                throw new IllegalStateException(e);
              }
            });
    if (outcome.status() != null) return outcome.status();
    throw new RequestFailed(
        ProblemType.INVALID_REQUEST, "The endpoint could not be reached. " + outcome.error());
  }
}
