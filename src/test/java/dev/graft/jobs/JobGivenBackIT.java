package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.pg.TestPostgres;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of a job that workers give back. */
@OwnServer
class JobGivenBackIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));
  private final Queue later = new Queue(Databases.shifted(DATABASE, "31 s"));
  private final Queue muchLater = new Queue(Databases.shifted(DATABASE, "62 s"));

  @BeforeEach
  void empty() {
    queue.clear();
  }

  @Test
  void aJobThatAWorkerHasNoRoomForLetsTheRestPassAndWaitsForOthers() {
    String department = queue.department(9);
    String large = queue.submit(department, 0);
    String next = queue.submit(department, 0);
    String worker = queue.worker();
    assertThat(queue.leases.decline(queue.claim(worker))).isEqualTo(JobState.QUEUED);
    assertThat(claimed(queue, worker)).hasValue(next);
    assertThat(claimed(queue, worker)).isEmpty();
    assertThat(queue.row(department, large).position()).isOne();
    assertThat(queue.row(department, large).delayedUntil()).isNull();
    assertThat(claimed(queue, queue.worker())).hasValue(large);
  }

  @Test
  void aDepartmentWithNothingElseKeepsNoOtherDepartmentFromTheWorker() {
    queue.submit(queue.department(9), 0);
    String worker = queue.worker();
    queue.leases.decline(queue.claim(worker));
    String other = queue.submit(queue.department(9), 0);
    queue.sql.sql("update department set used = 1 where id <> ?").param("none").update();
    assertThat(claimed(queue, worker)).hasValue(other);
  }

  @Test
  void theWorkerIsAskedAgainEachTimeAfterTwiceTheTime() {
    String job = queue.submit(queue.department(9), 0);
    String worker = queue.worker();
    queue.leases.decline(queue.claim(worker));
    LeaseKey again = later.claim(worker);
    assertThat(again.jobId()).isEqualTo(job);
    later.leases.decline(again);
    assertThat(claimed(muchLater, worker)).isEmpty();
    assertThat(claimed(new Queue(Databases.shifted(DATABASE, "92 s")), worker)).hasValue(job);
  }

  @Test
  void aJobThatIsGivenBackAgainWithoutACheckpointWaits() {
    String department = queue.department(9);
    String job = queue.submit(department, 0);
    queue.leases.release(queue.claim(queue.worker()));
    queue.leases.release(queue.claim(queue.worker())); // the first time it kept its place
    assertThat(claimed(queue, queue.worker())).isEmpty();
    assertThat(queue.row(department, job).delayedUntil()).isNotNull();
    LeaseKey key = later.claim(queue.worker());
    later.leases.checkpoint(
        key,
        "c-" + UUID.randomUUID(),
        new CheckpointReport(1, Queue.SOME, Map.of(), null, null),
        "{}");
    later.leases.release(key);
    assertThat(claimed(later, queue.worker())).hasValue(job);
  }

  @Test
  void whoeverPausesOrCancelsAJobFindsItSoWhenItIsDeclined() {
    String department = queue.department(9);
    String paused = queue.submit(department, 0);
    LeaseKey key = queue.claim(queue.worker());
    queue.ledger.pause(department, paused, null);
    assertThat(queue.leases.decline(key)).isEqualTo(JobState.PAUSED);
    String cancelled = queue.submit(department, 0);
    LeaseKey other = queue.claim(queue.worker());
    queue.ledger.cancel(department, cancelled, null, null);
    assertThat(queue.leases.decline(other)).isEqualTo(JobState.CANCELLED);
    assertThat(queue.drifted()).isZero();
  }

  private static Optional<String> claimed(Queue queue, String worker) {
    return queue.claimed(worker, Device.UNKNOWN);
  }
}
