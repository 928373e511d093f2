package dev.graft.webhooks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.platform.LoopThreads;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.platform.work.WorkSettings;
import dev.graft.tenancy.Departments;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Who may send what, when, as if several servers asked; the loop of this one does not. */
@GraftIT
@RestingLoops
class OutboxIT {
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final WorkSettings.Backoff AT_ONCE =
      new WorkSettings.Backoff(9, Duration.ZERO, Duration.ZERO);
  private static final WebhookSender.AttemptOutcome TAKEN =
      new WebhookSender.AttemptOutcome(200, null, 1);
  private static final WebhookSender.AttemptOutcome FAILED =
      new WebhookSender.AttemptOutcome(null, "No answer.", 1);

  @Autowired private Departments departments;
  @Autowired private Outbox outbox;
  @Autowired private LeasedWork work;
  @Autowired private Deliveries deliveries;
  @Autowired private LoopThreads workThreads;
  @Autowired private JdbcClient sql;
  private String department = "";

  @BeforeEach
  void aDepartment() {
    workThreads.stop(); // it looks once when it starts, perhaps late
    department = departments.ensure("d-" + UUID.randomUUID());
  }

  @AfterEach
  void clean() {
    sql.sql("delete from webhook_endpoint").update();
    sql.sql("delete from leased_work").update();
  }

  private String endpoint() {
    String id = "whe_" + UUID.randomUUID();
    sql.sql(
            """
            insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint, created_at, updated_at)
            values (:id, :department, 'a', 'https://example.org', '{fine_tuning.job.failed}', '', '', graft_now(), graft_now())
            """)
        .param("id", id)
        .param("department", department)
        .update();
    return id;
  }

  private String delivery(String endpoint, String job) {
    return sql.sql(
            """
            insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, next_attempt_at)
            values (webhook_id(), :endpoint, 'fine_tuning.job.failed', :job, graft_now(), graft_now())
            returning id
            """)
        .param("endpoint", endpoint)
        .param("job", job)
        .query(String.class)
        .single();
  }

  private Outbox.Claim claim() {
    return next(LONG).orElseThrow();
  }

  private Optional<Outbox.Claim> none() {
    return next(LONG);
  }

  /** As a loop: whoever has nothing to send by now is given back. */
  private Optional<Outbox.Claim> next(Duration lease, String... full) {
    Optional<WorkClaim> endpoint;
    while ((endpoint = work.claim(Outbox.WORK, lease, AT_ONCE, List.of(full))).isPresent()) {
      Optional<Outbox.Claim> begun = outbox.begin(endpoint.get());
      if (begun.isPresent()) return begun;
    }
    return Optional.empty();
  }

  private static String id(Outbox.Claim claim) {
    return claim.message().id();
  }

  @Test
  void anEndpointIsSentOneAtATime() {
    String endpoint = endpoint();
    String first = delivery(endpoint, "j1");
    String second = delivery(endpoint, "j2");

    Outbox.Claim claim = claim();
    assertThat(id(claim)).isEqualTo(first);
    assertThat(none()).isEmpty();
    assertThat(outbox.report(claim, TAKEN, null)).isTrue();
    assertThat(id(claim())).isEqualTo(second);
  }

  @Test
  void theEventsOfAJobWaitForOneAnotherAndOtherJobsDoNot() {
    String endpoint = endpoint();
    delivery(endpoint, "j1");
    delivery(endpoint, "j1");
    String other = delivery(endpoint, "j2");

    outbox.report(claim(), FAILED, LONG);
    Outbox.Claim next = claim();
    assertThat(id(next)).isEqualTo(other);
    outbox.report(next, TAKEN, null);
    assertThat(none()).isEmpty();
  }

  @Test
  void endpointsTakeTurnsWhateverTheyHaveWaiting() {
    String busy = endpoint();
    for (int i = 0; i < 20; i++) delivery(busy, "j" + i);
    String quiet = endpoint();
    delivery(quiet, "j");

    List<String> served = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Outbox.Claim claim = claim();
      served.add(claim.address().endpointId());
      outbox.report(claim, TAKEN, null);
    }
    assertThat(served.subList(0, 2)).containsExactlyInAnyOrder(busy, quiet);
  }

  @Test
  void aDepartmentThatHasItsShareLetsOthersGoFirst() {
    for (int i = 0; i < 4; i++) delivery(endpoint(), "j");
    String others = department;
    department = departments.ensure("d-" + UUID.randomUUID());
    String own = endpoint();
    delivery(own, "j");

    assertThat(next(LONG, others).orElseThrow().address().endpointId()).isEqualTo(own);
    assertThat(next(LONG, others)).isEmpty();
    assertThat(next(LONG)).isPresent();
  }

  @Test
  void whoComesLateChangesNothing() {
    String endpoint = endpoint();
    String id = delivery(endpoint, "j");
    Outbox.Claim stalled = next(Duration.ZERO).orElseThrow();
    Outbox.Claim taken = claim();
    assertThat(id(taken)).isEqualTo(id);
    assertThat(outbox.report(stalled, FAILED, null)).isFalse();
    assertThat(outbox.report(taken, FAILED, null)).isTrue();

    assertThat(deliveries.again(department, id)).isPresent();
    Outbox.Claim again = claim();
    assertThat(again.attempt()).isEqualTo(stalled.attempt());
    assertThat(outbox.report(stalled, TAKEN, null)).isFalse();
    assertThat(outbox.report(again, TAKEN, null)).isTrue();
  }

  @Test
  void anAttemptThatEndedForgivesTheServersThatDied() {
    String endpoint = endpoint();
    delivery(endpoint, "j1");
    delivery(endpoint, "j2");
    next(Duration.ZERO).orElseThrow();
    Outbox.Claim taken = claim();
    assertThat(failures()).isOne();
    outbox.report(taken, FAILED, LONG);
    assertThat(failures()).isZero();
  }

  private int failures() {
    return sql.sql("select attempts from leased_work where kind = 'webhook'")
        .query(Integer.class)
        .single();
  }

  @Test
  void whatIsGivenBackCostsNoAttempt() {
    delivery(endpoint(), "j");
    Outbox.Claim claim = claim();
    outbox.giveBack(claim, Duration.ZERO);

    Outbox.Claim again = claim();
    assertThat(again.attempt()).isEqualTo(1);
  }

  @Test
  void aDisabledEndpointKeepsNothingWaiting() {
    String endpoint = endpoint();
    String first = delivery(endpoint, "j1");
    delivery(endpoint, "j2");
    Outbox.Claim claim = claim();
    outbox.report(claim, FAILED, null);

    assertThat(outbox.disable(claim, false, "It took nothing.")).isTrue();
    assertThat(none()).isEmpty();
    assertThat(deliveries.again(department, first)).isEmpty();
    sql.sql("update webhook_endpoint set disabled_at = null, disabled_reason = null").update();
    assertThat(none()).isEmpty();
    assertThat(deliveries.again(department, first)).isPresent();
  }

  @Test
  void oneThatTookSomethingMeanwhileOrHasAnotherUrlIsNotDisabled() {
    String endpoint = endpoint();
    delivery(endpoint, "j1");
    delivery(endpoint, "j2");
    Outbox.Claim first = claim();
    outbox.report(first, FAILED, null);
    outbox.report(claim(), TAKEN, null);

    assertThat(outbox.disable(first, false, "It took nothing.")).isFalse();
    sql.sql("update webhook_endpoint set url = 'https://example.org/other'").update();
    assertThat(outbox.disable(first, true, "It is gone.")).isFalse();
  }

  @Test
  void whatEndedLongAgoIsForgotten() {
    String endpoint = endpoint();
    delivery(endpoint, "j1");
    outbox.report(claim(), TAKEN, null);
    delivery(endpoint, "j2");

    assertThat(outbox.forget(LONG)).isZero();
    assertThat(outbox.forget(Duration.ZERO)).isOne();
    assertThat(claim().message().jobId()).isEqualTo("j2");
  }
}
