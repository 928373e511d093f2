package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease;
import dev.graft.pg.TestPostgres;
import dev.graft.tenancy.Actor;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.ObjectNode;

/** Jobs that wait for their approval: in nobody's way, and on no way to a worker. */
@OwnServer
class JobApprovalIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final Actor OWNER = new Actor(null, "user_owner", "owner@example.org", null);
  private static final Actor AUTHOR = new Actor(null, "user_author", "author@example.org", null);

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));
  private String department = "";
  private String job = "";

  @BeforeEach
  void aJobThatWaits() {
    queue.clear();
    queue.sql.sql("truncate person, api_key cascade").update();
    queue
        .sql
        .sql(
            """
            insert into person (id, email, created_at) values ('user_owner', 'owner@example.org', graft_now())
            """)
        .update();
    department = queue.department(1);
    job = submit(0);
  }

  @Test
  void aWaitingJobIsNotClaimedAndInNobodysWay() {
    assertThat(claims()).isEmpty();
    ObjectNode shown = queue.shown(department, job);
    assertThat(shown.get("status").asString()).isEqualTo("queued");
    assertThat(shown.get("sub_status").asString()).isEqualTo("waiting_for_approval");
    assertThat(shown.get("queue").isNull()).isTrue();
    assertThat(shown.get("next_step").asString()).contains("approve").doesNotContain("/v1/");
    String other = queue.submit(department, 0);
    assertThat(queue.shown(department, other).at("/queue/position").asInt()).isOne();
    assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(other);
    String elsewhere = queue.department(1);
    String next = queue.submit(elsewhere, 0);
    assertThat(queue.shown(elsewhere, next).at("/queue/ahead_reason").asString())
        .as("a department whose jobs wait for approval is not ahead")
        .doesNotContain("other project");
  }

  @Test
  void anApprovedJobGoesToTheEndOfTheQueue() {
    String second = queue.submit(department, 0);
    assertThat(queue.ledger.approve(department, job, OWNER, "go on")).isTrue();
    assertThat(queue.ledger.approve(department, job, OWNER, "go on")).isFalse();
    assertThat(queue.ledger.reject(department, job, OWNER, null)).isFalse();
    assertThat(queue.row(department, job).position()).isEqualTo(2);
    assertThat(told()).isEqualTo("Fine-tuning job approved by owner@example.org: go on");
    queue.ledger.cancel(department, second, null, null);
    assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(job);
  }

  @Test
  void aRejectedJobIsCancelledAndSaysByWhomAndWhy() {
    assertThat(queue.ledger.reject(department, job, OWNER, "too many epochs")).isTrue();
    ObjectNode shown = queue.shown(department, job);
    assertThat(shown.get("status").asString()).isEqualTo("cancelled");
    assertThat(shown.get("finished_at").isNumber()).isTrue();
    assertThat(shown.get("reason").asString())
        .isEqualTo("Rejected by owner@example.org: too many epochs.");
    assertThat(told()).isEqualTo("Fine-tuning job rejected by owner@example.org: too many epochs");
    assertThat(queue.ledger.approve(department, job, OWNER, null)).isFalse();
    assertThat(queue.ledger.resume(department, job, null)).isFalse();
    assertThat(claims()).isEmpty();
  }

  @Test
  void whoeverSubmittedAJobDoesNotDecideAboutItNorDoesAKeyTheyMade() {
    queue
        .sql
        .sql(
            """
            insert into api_key (id, prefix, hash, created_at, admin, created_by)
            values ('key_theirs', 'sk', 'h'::bytea, graft_now(), true, 'user_author')
            """)
        .update();
    Actor theirs = new Actor("key_theirs", null, null, null);
    for (Actor each : List.of(AUTHOR, theirs)) {
      assertThat(queue.ledger.approve(department, job, each, null)).isFalse();
      assertThat(queue.ledger.reject(department, job, each, null)).isFalse();
    }
    assertThat(queue.ledger.approve("proj_other", job, OWNER, null)).isFalse();
    assertThat(queue.state(department, job)).isEqualTo(JobState.WAITING);
    Actor another = new Actor("key_another", null, null, null);
    assertThat(queue.ledger.approve(department, job, another, null)).isTrue();
  }

  @Test
  void aPausedJobThatIsResumedWaitsAgainUntilItIsApproved() {
    assertThat(queue.ledger.pause(department, job, "user_owner")).isTrue();
    assertThat(queue.shown(department, job).get("reason").asString())
        .isEqualTo("Paused by owner@example.org, before it was approved.");
    assertThat(queue.ledger.resume(department, job, null)).isTrue();
    assertThat(queue.state(department, job)).isEqualTo(JobState.WAITING);
    queue.ledger.pause(department, job, null);
    assertThat(queue.ledger.approve(department, job, OWNER, null)).isTrue();
    assertThat(queue.state(department, job)).isEqualTo(JobState.PAUSED);
    assertThat(claims()).isEmpty();
    queue.ledger.resume(department, job, null);
    assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(job);
  }

  @Test
  void aCancelledJobIsNotDecidedAbout() {
    assertThat(queue.jobs.unfinished(department)).containsExactly(job);
    assertThat(queue.ledger.cancel(department, job, null, null)).isTrue();
    assertThat(queue.ledger.approve(department, job, OWNER, null)).isFalse();
    assertThat(queue.ledger.reject(department, job, OWNER, null)).isFalse();
    assertThat(queue.state(department, job)).isEqualTo(JobState.CANCELLED);
  }

  /**
   * From a fixed seed: whatever is done in whatever order, no worker gets what was not approved.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void noOrderOfRequestsBringsAJobToAWorkerBeforeItsApproval(int seed) {
    Random random = new Random(seed);
    QueueInvariants invariants = new QueueInvariants(queue.sql);
    List<String> jobs = new ArrayList<>(List.of(job));
    Set<String> approved = new TreeSet<>();
    int started = 0;
    for (int i = 0; i < 150; i++) {
      if (i % 10 == 0) jobs.add(submit(random.nextInt(3)));
      String any = jobs.get(random.nextInt(jobs.size()));
      switch (random.nextInt(6)) {
        case 0 -> queue.ledger.pause(department, any, null);
        case 1, 2 -> queue.ledger.resume(department, any, null);
        case 3 -> {
          if (queue.ledger.approve(department, any, OWNER, null)) approved.add(any);
        }
        case 4 -> {
          switch (random.nextInt(8)) {
            case 0 -> queue.ledger.cancel(department, any, null, null);
            case 1 -> queue.ledger.reject(department, any, OWNER, null);
            default -> {}
          }
        }
        default -> {
          for (Lease claimed : claims()) {
            assertThat(approved).contains(claimed.key().jobId());
            started++;
            queue.leases.release(claimed.key());
          }
        }
      }
      assertThat(invariants.violations()).isEmpty();
    }
    assertThat(started).as("some were approved and started").isPositive();
  }

  private String submit(int priority) {
    return queue.submit(department, priority, true, AUTHOR.account());
  }

  private List<Lease> claims() {
    return queue.claims.claimNow(queue.worker(), Device.UNKNOWN, null).stream().toList();
  }

  private String told() {
    return queue.events.list(job, Integer.MAX_VALUE, 1).getFirst().message();
  }
}
