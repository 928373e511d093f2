package dev.graft.webhooks;

import dev.graft.platform.Admitted;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Clock;
import java.time.Duration;
import org.springframework.stereotype.Service;

/** Invented events, sent at once: whether an endpoint takes what will come. */
@Service
class SampleEvents {
  static final int AT_ONCE = 8;
  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final Courier courier;
  private final Ids ids;
  private final Clock clock;
  private final Admitted senders =
      new Admitted(AT_ONCE, RETRY_AFTER, "Other endpoints are being tested; try again");

  SampleEvents(Courier courier, Ids ids, Clock clock) {
    this.courier = courier;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * Returns the status of the answer, whatever it is.
   *
   * @throws RequestFailed if there is none
   */
  int send(Endpoint endpoint, EventType type) {
    Message sample =
        new Message(ids.next("evt_"), type, ids.next("ftjob-sample-"), clock.instant());
    Courier.Outcome outcome =
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
