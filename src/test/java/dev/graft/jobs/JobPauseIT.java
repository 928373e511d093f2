package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.pg.TestPostgres;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OwnServer
class JobPauseIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));
  private String department = "";
  private String job = "";

  @BeforeEach
  void aQueuedJob() {
    queue.clear();
    department = queue.department(1);
    job = queue.submit(department, 0);
  }

  @Test
  void aQueuedJobIsNotClaimedUntilItIsResumed() {
    assertThat(queue.ledger.pause(department, job, null)).isTrue();
    assertThat(queue.ledger.pause(department, job, null)).isFalse();
    assertThat(state()).isEqualTo(JobState.PAUSED);
    assertThat(queue.claims.claimNow(queue.worker(), Device.UNKNOWN, null)).isEmpty();
    assertThat(queue.ledger.resume(department, job, null)).isTrue();
    assertThat(queue.ledger.resume(department, job, null)).isFalse();
    assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(job);
  }

  @Test
  void aRunningJobIsPausedWhenItsWorkerGivesItBack() {
    LeaseKey key = queue.claim(queue.worker());
    queue.ledger.pause(department, job, null);
    assertThat(queue.row(department, job).pauseRequested()).isTrue();
    assertThat(queue.leases.renew(key, Queue.TTL, LeaseReport.empty(1)).pause()).isTrue();
    assertThat(queue.leases.release(key)).isEqualTo(JobState.PAUSED);
    assertThat(queue.running(department)).isZero();
    queue.ledger.resume(department, job, null);
    LeaseKey again = queue.claim(queue.worker());
    assertThat(queue.leases.renew(again, Queue.TTL, LeaseReport.empty(1)).pause()).isFalse();
  }

  @Test
  void aRunningJobThatIsResumedInTimeRunsOn() {
    LeaseKey key = queue.claim(queue.worker());
    queue.ledger.pause(department, job, null);
    assertThat(queue.ledger.resume(department, job, null)).isTrue();
    assertThat(queue.leases.renew(key, Queue.TTL, LeaseReport.empty(1)).pause()).isFalse();
    assertThat(queue.leases.release(key)).isEqualTo(JobState.QUEUED);
  }

  @Test
  void aPauseOutlivesTheLossOfTheWorkerAndARetry() {
    queue.claim(queue.worker());
    queue.ledger.pause(department, job, null);
    Queue later = new Queue(Databases.shifted(DATABASE, "61 s"));
    assertThat(ended(later)).isEqualTo(job + " " + JobState.PAUSED);
    queue.ledger.resume(department, job, null);
    LeaseKey key = queue.claim(queue.worker());
    queue.ledger.pause(department, job, null);
    TrainingFailure broken =
        new TrainingFailure(TrainingFailure.Kind.TRANSIENT, "broke", null, null);
    assertThat(queue.leases.fail(key, broken, Duration.ofSeconds(1), "again"))
        .isEqualTo(JobState.PAUSED);
    assertThat(queue.drifted()).isZero();
  }

  @Test
  void aResultAndACancellationEndAPause() {
    LeaseKey key = queue.claim(queue.worker());
    queue.ledger.pause(department, job, null);
    assertThat(queue.leases.complete(key, "ft", Queue.SOME, List.of()))
        .isEqualTo(JobState.SUCCEEDED);
    assertThat(queue.ledger.pause(department, job, null)).isFalse();
    job = queue.submit(department, 0);
    queue.ledger.pause(department, job, null);
    assertThat(queue.ledger.cancel(department, job, null, null)).isTrue();
    assertThat(state()).isEqualTo(JobState.CANCELLED);
    assertThat(queue.ledger.resume(department, job, null)).isFalse();
  }

  private JobState state() {
    return queue.state(department, job);
  }

  private static String ended(Queue later) {
    return later.reap().map(ended -> ended.jobId() + " " + ended.state()).orElseThrow();
  }
}
