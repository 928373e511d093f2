package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.tuple;

import dev.graft.OwnServer;
import dev.graft.artifacts.Digest;
import dev.graft.jobs.JobRows.JobRow;
import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
import dev.graft.jobs.lease.LeaseProtocol.LeaseLost;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.pg.TestPostgres;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

@OwnServer
class JobLedgerIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final TrainingFailure TRANSIENT =
      new TrainingFailure(TrainingFailure.Kind.TRANSIENT, "device fell off the bus", null, null);

  private final Queue queue = new Queue(Databases.dataSource(DATABASE));
  private final Queue later = new Queue(Databases.shifted(DATABASE, "61 s"));

  @BeforeEach
  void empty() {
    queue.clear();
  }

  @Test
  void zombieCannotWriteAfterItsJobWasClaimedAgain() {
    String department = queue.department(1);
    String job = queue.submit(department, 0);
    LeaseKey zombie = queue.claim(queue.worker());
    assertThat(ended(later)).isEqualTo(job + " " + JobState.QUEUED);
    LeaseKey successor = queue.claim(queue.worker());

    for (LeaseKey stale :
        List.of(zombie, new LeaseKey(job, successor.epoch(), UUID.randomUUID()))) {
      lost(() -> queue.leases.renew(stale, Queue.TTL, LeaseReport.empty(1)));
      lost(() -> queue.leases.checkpoint(stale, "c", checkpoint(1), "{}"));
      lost(() -> queue.leases.complete(stale, "ft", Queue.SOME, List.of()));
      lost(() -> queue.leases.fail(stale, TRANSIENT, null, "failed"));
      lost(() -> queue.leases.release(stale));
    }
    assertThat(queue.state(department, job)).isEqualTo(JobState.RUNNING);
    assertThat(successor.epoch()).isGreaterThan(zombie.epoch() + 1);
    assertThat(queue.running(department)).isOne();
  }

  @Test
  void lateResultIsTakenWhileNobodyElseHadTheJob() {
    String department = queue.department(1);
    String job = queue.submit(department, 0);
    LeaseKey key = queue.claim(queue.worker());
    assertThat(later.leases.complete(key, "ft:x", Queue.SOME, List.of("file-9")))
        .isEqualTo(JobState.SUCCEEDED);
    assertThat(later.reap()).isEmpty();
    assertThat(queue.leases.completed(key, Queue.SOME)).isTrue();
    assertThat(queue.leases.completed(key, new Digest("b".repeat(64)))).isFalse();
    JobRow row = queue.row(department, job);
    assertThat(row.result().model()).isEqualTo("ft:x");
    assertThat(row.result().files()).containsExactly("file-9");
    assertThat(row.finishedAt()).isNotNull();
    assertThat(queue.running(department)).isZero();
  }

  @Test
  void renewalKeepsTheLeaseAndWritesARepeatedReportOnce() {
    String department = queue.department(1);
    String job = queue.submit(department, 0);
    LeaseKey key = queue.claim(queue.worker());
    LeaseReport report =
        new LeaseReport(
            1,
            null,
            new LeaseReport.Progress(7, 10, 0.7, 900.0, null),
            350,
            List.of(new LeaseReport.Metrics(7, Map.of("train_loss", 0.5))),
            List.of(new LeaseReport.Note(LeaseReport.Level.WARN, "Slow disk")),
            null);
    later.leases.renew(key, Queue.TTL, report);
    later.leases.renew(key, Queue.TTL, report);
    assertThat(later.reap()).isEmpty();
    assertThat(queue.row(department, job).progress())
        .isEqualTo(new JobRow.Progress(7, 10, 0.7, 900.0, false, 350));
    assertThat(queue.events.after(job, 2, 9))
        .extracting(
            JobEvents.Event::number,
            JobEvents.Event::level,
            JobEvents.Event::message,
            JobEvents.Event::dataJson)
        .containsExactly(
            tuple(3, "warn", "Slow disk", null),
            tuple(
                4,
                "info",
                "Step 7/10: training loss=0.5000",
                "{\"step\": 7, \"train_loss\": 0.5}"));
  }

  @Test
  void cancelFromTheQueueIsAtOnceAndFromARunWaitsForItsWorker() {
    String department = queue.department(1);
    String first = queue.submit(department, 0);
    LeaseKey key = queue.claim(queue.worker());
    String second = queue.submit(department, 0);

    assertThat(queue.ledger.cancel("proj_other", second, null, null)).isFalse();
    assertThat(queue.ledger.cancel(department, second, null, null)).isTrue();
    assertThat(queue.state(department, second)).isEqualTo(JobState.CANCELLED);
    assertThat(queue.ledger.cancel(department, second, null, null)).isFalse();

    assertThat(queue.ledger.cancel(department, first, null, null)).isTrue();
    assertThat(queue.ledger.cancel(department, first, null, null)).isFalse();
    assertThat(queue.leases.renew(key, Queue.TTL, LeaseReport.empty(1)).cancel()).isTrue();
    assertThat(queue.leases.release(key)).isEqualTo(JobState.CANCELLED);
    assertThat(queue.drifted()).isZero();
  }

  @Test
  void cancelBeatsRetryAndReapAndResult() {
    String department = queue.department(3);
    for (int i = 0; i < 3; i++) queue.submit(department, 0);
    LeaseKey failing = queue.claim(queue.worker());
    LeaseKey finishing = queue.claim(queue.worker());
    LeaseKey lost = queue.claim(queue.worker());
    for (LeaseKey key : List.of(failing, finishing, lost))
      queue.ledger.cancel(department, key.jobId(), null, null);

    assertThat(queue.leases.fail(failing, TRANSIENT, Duration.ZERO, "again"))
        .isEqualTo(JobState.CANCELLED);
    assertThat(queue.leases.complete(finishing, "ft", Queue.SOME, List.of("file-1")))
        .isEqualTo(JobState.CANCELLED);
    assertThat(queue.row(department, finishing.jobId()).result().files()).isEmpty();
    assertThat(ended(later)).isEqualTo(lost.jobId() + " " + JobState.CANCELLED);
    assertThat(queue.running(department)).isZero();
  }

  @Test
  void aCounterThatIsTooLowKeepsNoJobFromEnding() {
    String department = queue.department(4);
    for (int i = 0; i < 4; i++) queue.submit(department, 0);
    LeaseKey finished = queue.claim(queue.worker());
    LeaseKey failed = queue.claim(queue.worker());
    LeaseKey released = queue.claim(queue.worker());
    LeaseKey lost = queue.claim(queue.worker());
    queue.sql.sql("update department set running = 0").update();
    assertThat(queue.leases.complete(finished, "ft", Queue.SOME, List.of()))
        .isEqualTo(JobState.SUCCEEDED);
    assertThat(queue.leases.fail(failed, TRANSIENT, null, "gave up")).isEqualTo(JobState.FAILED);
    assertThat(queue.leases.release(released)).isEqualTo(JobState.QUEUED);
    assertThat(ended(later)).isEqualTo(lost.jobId() + " " + JobState.QUEUED);
    assertThat(queue.drifted()).isZero();
  }

  @Test
  void failureWaitsForItsDelayThenComesBackWithAHigherEpoch() {
    String department = queue.department(1);
    String job = queue.submit(department, 0);
    LeaseKey key = queue.claim(queue.worker());
    assertThat(queue.leases.fail(key, TRANSIENT, Duration.ofSeconds(30), "retrying"))
        .isEqualTo(JobState.QUEUED);
    assertThat(queue.claims.claimNow(queue.worker(), Device.UNKNOWN, null)).isEmpty();
    LeaseKey next = later.claim(queue.worker());
    assertThat(next.epoch()).isGreaterThan(key.epoch());
    assertThat(queue.leases.fail(next, TRANSIENT, null, "gave up")).isEqualTo(JobState.FAILED);
    JobRow row = queue.row(department, job);
    assertThat(row.tries().failures()).isEqualTo(2);
    assertThat(row.failure())
        .isEqualTo(new JobRow.Failure("transient", TRANSIENT.message(), null, null));
  }

  @Test
  void threeLossesWithoutACheckpointArePoisonAndOneCheckpointStartsTheCountAgain() {
    String department = queue.department(1);
    String job = queue.submit(department, 0);
    lose(job, JobState.QUEUED);
    lose(job, JobState.QUEUED);
    LeaseKey key = queue.claim(queue.worker());
    queue.leases.checkpoint(key, "ftckpt_" + UUID.randomUUID(), checkpoint(5), "{}");
    assertThat(ended(later)).isEqualTo(job + " " + JobState.QUEUED);
    lose(job, JobState.QUEUED);
    lose(job, JobState.FAILED);
    assertThat(queue.row(department, job).tries().failures()).isZero();
    assertThat(queue.events.checkpoints(job, null, 10)).hasSize(1);
  }

  @Test
  void everyStateChangeHasItsEventNumberedWithoutGaps() {
    String department = queue.department(1);
    String job = queue.submit(department, 0);
    lose(job, JobState.QUEUED);
    queue.leases.release(queue.claim(queue.worker()));
    queue.leases.complete(queue.claim(queue.worker()), "ft", Queue.SOME, List.of());
    List<JobEvents.Event> events = queue.events.list(job, Integer.MAX_VALUE, 100);
    assertThat(events.reversed())
        .extracting(JobEvents.Event::number)
        .containsExactlyElementsOf(IntStream.rangeClosed(1, 7).boxed().toList());
    assertThat(events.getFirst().message()).isEqualTo("The job has successfully completed");
    assertThat(queue.events.list(job, 3, 1)).extracting(JobEvents.Event::number).containsExactly(2);
  }

  @Test
  void priorityIsWorthAnHourOfWaitingEach() {
    String department = queue.department(9);
    String old = queue.submit(department, 0);
    queue
        .sql
        .sql("update job set available_at = available_at - interval '90 minutes' where id = :id")
        .param("id", old)
        .update();
    String urgent = queue.submit(department, 2);
    String raised = queue.submit(department, 1);
    String plain = queue.submit(department, 0);
    assertThat(queue.row(department, plain).position()).isEqualTo(4);
    assertThat(List.of(urgent, old, raised, plain))
        .allSatisfy(job -> assertThat(queue.claim(queue.worker()).jobId()).isEqualTo(job));
  }

  private void lose(String job, JobState then) {
    queue.claim(queue.worker());
    assertThat(ended(later)).isEqualTo(job + " " + then);
  }

  private static CheckpointReport checkpoint(int step) {
    return new CheckpointReport(step, Queue.SOME, Map.of(), null, null);
  }

  private static void lost(Runnable write) {
    assertThatExceptionOfType(LeaseLost.class).isThrownBy(write::run);
  }

  private static String ended(Queue later) {
    return later.reap().map(ended -> ended.jobId() + " " + ended.state()).orElseThrow();
  }
}
