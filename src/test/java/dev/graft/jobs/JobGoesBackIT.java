package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.CheckpointReport;
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
import tools.jackson.databind.json.JsonMapper;

/** What a job tells of itself is what its next run goes on from. */
@OwnServer
class JobGoesBackIT {
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
  void aJobThatIsGivenBackGoesOnFromItsCheckpointAndSaysSo() {
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 10);
    checkpoint(key, 10);
    trains(key, 2, 10, 13);
    assertThat(queue.leases.release(key)).isEqualTo(JobState.QUEUED);
    assertThat(newest())
        .isEqualTo(
            "The worker gave the job back; the job continues from its checkpoint at step 10");
    assertThat(queue.row(department, job).progress())
        .isEqualTo(new JobRows.JobRow.Progress(10, 24, 1.0, null, false, 400));
    assertThat(steps()).containsExactlyElementsOf(upTo(10));

    LeaseKey next = queue.claim(queue.worker());
    begins(next, 1, 10);
    trains(next, 2, 10, 14);
    assertThat(steps()).containsExactlyElementsOf(upTo(14));
    assertThat(queue.row(department, job).progress().trainedTokens()).isEqualTo(560);
  }

  @Test
  void withoutACheckpointItStartsAgainAndSaysSo() {
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 13);
    queue.leases.release(key);
    assertThat(newest())
        .isEqualTo("The worker gave the job back; the job starts again: no checkpoint yet");
    assertThat(queue.row(department, job).progress())
        .isEqualTo(new JobRows.JobRow.Progress(0, 24, null, null, false, 0));
    assertThat(steps()).isEmpty();
  }

  @Test
  void aLostWorkerAndAFailureTellTheSame() {
    Queue later = new Queue(Databases.shifted(DATABASE, "61 s"));
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 5);
    later.reap();
    assertThat(newest()).isEqualTo("The worker was lost; the job starts again: no checkpoint yet");
    key = queue.claim(queue.worker());
    trains(key, 1, 0, 8);
    checkpoint(key, 7);
    TrainingFailure broken =
        new TrainingFailure(TrainingFailure.Kind.TRANSIENT, "broke", null, null);
    queue.leases.fail(key, broken, Duration.ZERO, "Trying again");
    assertThat(newest()).isEqualTo("Trying again; the job continues from its checkpoint at step 7");
    assertThat(steps()).containsExactlyElementsOf(upTo(7));
  }

  @Test
  void whatRanOutOfMemoryGoesOnFromItsCheckpoint() {
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 8);
    checkpoint(key, 7);
    TrainingFailure memory =
        new TrainingFailure(TrainingFailure.Kind.OUT_OF_MEMORY, "full", null, null);
    queue.leases.fail(key, memory, Duration.ZERO, "Ran out of memory");
    assertThat(newest())
        .isEqualTo("Ran out of memory; the job continues from its checkpoint at step 7");
    assertThat(steps()).containsExactlyElementsOf(upTo(7));
  }

  @Test
  void aRunThatCannotUseTheNewestCheckpointVoidsWhatCameAfterTheOneItUses() {
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 10);
    checkpoint(key, 5);
    checkpoint(key, 10);
    queue.leases.release(key);
    LeaseKey next = queue.claim(queue.worker());
    begins(next, 1, 5);
    assertThat(queue.row(department, job).progress().step()).isEqualTo(5);
    assertThat(steps()).containsExactlyElementsOf(upTo(5));
    begins(next, 1, 0); // the answer was lost, and the report is an old one
    assertThat(steps()).containsExactlyElementsOf(upTo(5));
  }

  @Test
  void aJobThatEndsKeepsAllThatItTold() {
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 6);
    queue.ledger.cancel(department, job, null, null);
    queue.leases.release(key);
    assertThat(newest()).isEqualTo("Fine-tuning job cancelled");
    assertThat(queue.row(department, job).progress().step()).isEqualTo(6);
    assertThat(steps()).containsExactlyElementsOf(upTo(6));
  }

  @Test
  void aPausedJobSaysFromWhereItGoesOn() {
    queue.ledger.pause(department, job, null);
    assertThat(queue.shown(department, job).path("next_step").asString())
        .isEqualTo("Resume it to start from the beginning.");
    queue.ledger.resume(department, job, null);
    LeaseKey key = queue.claim(queue.worker());
    trains(key, 1, 0, 6);
    checkpoint(key, 6);
    queue.ledger.pause(department, job, null);
    queue.leases.release(key);
    assertThat(newest()).isEqualTo("Fine-tuning job paused");
    assertThat(queue.shown(department, job).path("next_step").asString())
        .isEqualTo("Resume it to continue from its checkpoint at step 6.");
  }

  @Test
  void validationIsToldApartFromTraining() {
    LeaseKey key = queue.claim(queue.worker());
    begins(key, 1, 0);
    report(key, 2, progress(0, true), List.of());
    var job = queue.shown(department, this.job);
    assertThat(job.path("sub_status").asString()).isEqualTo("validating");
    assertThat(job.path("reason").asString())
        .isEqualTo("A worker evaluates the validation file before the first step.");
    report(key, 3, progress(0, false), List.of());
    trains(key, 4, 0, 6);
    report(key, 5, progress(6, true), List.of());
    assertThat(queue.shown(department, this.job).path("reason").asString())
        .isEqualTo("A worker evaluates the validation file after step 6 of 24.");
    queue.leases.release(key);
    assertThat(queue.row(department, this.job).progress().validating()).isFalse();
  }

  private void begins(LeaseKey key, long number, int step) {
    queue.leases.renew(
        key,
        Queue.TTL,
        new LeaseReport(
            number,
            step,
            new LeaseReport.Progress(step, 24, null, null, false),
            0,
            List.of(),
            List.of(),
            null));
  }

  /** Makes steps, and tells of each. */
  private void trains(LeaseKey key, long number, int after, int upTo) {
    List<LeaseReport.Metrics> metrics =
        IntStream.rangeClosed(after + 1, upTo)
            .mapToObj(step -> new LeaseReport.Metrics(step, Map.of("train_loss", 1.0 / step)))
            .toList();
    report(key, number, progress(upTo, false), metrics);
  }

  private static LeaseReport.Progress progress(int step, boolean validating) {
    return new LeaseReport.Progress(step, 24, step / 10.0, step == 0 ? null : 90.0, validating);
  }

  private void report(
      LeaseKey key, long number, LeaseReport.Progress now, List<LeaseReport.Metrics> metrics) {
    queue.leases.renew(
        key,
        Queue.TTL,
        new LeaseReport(number, null, now, now.step() * 40L, metrics, List.of(), null));
  }

  private void checkpoint(LeaseKey key, int step) {
    queue.leases.checkpoint(
        key,
        "ftckpt_" + UUID.randomUUID(),
        new CheckpointReport(step, Queue.SOME, Map.of(), step / 10.0, step * 40L),
        "{}");
  }

  private String newest() {
    return queue.events.list(job, Integer.MAX_VALUE, 1).getFirst().message();
  }

  /** Steps of the curve, in the order of their events. */
  private List<Integer> steps() {
    return queue.events.after(job, 0, 1000).stream()
        .map(JobEvents.Event::dataJson)
        .filter(data -> data != null)
        .map(data -> JsonMapper.shared().readTree(data).path("step").asInt())
        .toList();
  }

  private static List<Integer> upTo(int step) {
    return IntStream.rangeClosed(1, step).boxed().toList();
  }
}
