package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Why a job is where it is, and when it will have ended; the queue is real, its clock is moved. */
@OwnServer
class JobReasonIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  private final Queue queue = new Queue(Databases.shifted(DATABASE, "0 s"));
  private String department = "";
  private String worker = "";

  @BeforeEach
  void aDepartmentAndAWorker() {
    clock(0);
    queue.clear();
    department = queue.department(1);
    worker = queue.worker();
    seen();
  }

  @Test
  void aJobWaitsForAWorkerThatIsFreeAndSaysSoIfThereIsNone() {
    String job = queue.submit(department, 0);
    assertThat(why(job)).isEqualTo("It is next and starts when a worker is free.");
    clock(61);
    assertThat(why(job)).startsWith("No worker is available");
    assertThat(shown(job).get("next_step").asString()).contains("--role worker");
    seen();
    assertThat(why(job)).startsWith("It is next");
  }

  @Test
  void aJobThatNoWorkerThatIsThereCanHoldSaysBothNumbers() {
    WorkerDevices devices = new WorkerDevices(queue.sql);
    devices.asks(worker, new Device("cpu", 8_000_000_000L));
    queue.submit(department, 0, new JobNeeds.JobMemory(8_000_000_000L, 0));
    String job = queue.submit(department, 0, new JobNeeds.JobMemory(9_400_000_000L, 0));
    assertThat(why(job))
        .isEqualTo("It needs 9.4 GB of memory; the largest available worker has 8.0 GB.");
    assertThat(shown(job).get("next_step").asString()).contains("max_length", "larger worker");
    assertThat(shown(job).at("/queue/eta").isNull()).isTrue();
    devices.asks(worker, new Device("cpu", 10_000_000_000L));
    assertThat(why(job)).isEqualTo("1 other job of this department comes before it.");
  }

  @Test
  void whatNoWorkerCanHoldKeepsNoOtherDepartmentWaiting() {
    WorkerDevices devices = new WorkerDevices(queue.sql);
    devices.asks(worker, new Device("cpu", 8_000_000_000L));
    queue.sql.sql("update department set used = 100, used_at = graft_now()").update();
    String mine = queue.submit(department, 0);
    queue.submit(queue.department(1), 0, new JobNeeds.JobMemory(9_400_000_000L, 0));
    assertThat(why(mine)).startsWith("It is next");
  }

  @Test
  void aJobWaitsForOthersOfItsOwnAndOfOtherDepartments() {
    queue.submit(department, 0);
    String second = queue.submit(department, 0);
    assertThat(why(second)).isEqualTo("1 other job of this department comes before it.");
    String third = queue.submit(department, 0);
    assertThat(why(third)).isEqualTo("2 other jobs of this department come before it.");
    queue.sql.sql("update department set used = 100, used_at = graft_now()").update();
    String other = queue.department(1);
    queue.submit(other, 0);
    String urgent = queue.submit(department, 9);
    assertThat(why(urgent))
        .isEqualTo("1 other department used less for its weight and comes first.");
    queue.claim(worker);
    assertThat(why(urgent)).startsWith("It is next");
    queue.claim(worker);
    assertThat(why(second)).startsWith("1 of 1 jobs of this department are running, its maximum");
  }

  @Test
  void aDepartmentThatMayRunNothingIsTold() {
    String none = queue.department(0);
    String job = queue.submit(none, 0);
    JsonNode shown = queue.shown(none, job);
    assertThat(shown.at("/queue/ahead_reason").asString()).contains("max_running_jobs is 0");
    assertThat(shown.at("/queue/eta").isNull()).isTrue();
  }

  @Test
  void aJobBetweenTwoAttemptsSaysWhenAndAFailureWhatToDo() {
    String job = queue.submit(department, 0);
    LeaseKey first = queue.claim(worker);
    queue.leases.fail(first, transientFailure(), Duration.ofMinutes(5), "again");
    assertThat(why(job))
        .matches("It will be tried again at \\S+ \\S+ UTC, because its last run ended early\\.");
    clock(301);
    queue.leases.fail(queue.claim(worker), transientFailure(), null, "over");
    JsonNode failed = shown(job);
    assertThat(failed.get("reason").asString()).isEqualTo("device fell off the bus.");
    assertThat(failed.get("next_step").asString()).startsWith("Submit the job again");
    assertThat(failed.at("/failure/hint").asString()).startsWith("Submit the job again");
    assertThat(failed.get("queue").isNull()).isTrue();
  }

  @Test
  void aPauseAndACancellationNameWhoAskedForThem() {
    queue
        .sql
        .sql(
            """
            insert into person (id, email, created_at) values ('user_1', 'ann@example.org', graft_now())
            on conflict do nothing
            """)
        .update();
    String job = queue.submit(department, 0);
    queue.ledger.pause(department, job, "user_1");
    assertThat(reason(job)).isEqualTo("Paused by ann@example.org.");
    assertThat(shown(job).get("next_step").asString())
        .isEqualTo("Resume it to start from the beginning.");
    queue.ledger.resume(department, job, "user_1");
    LeaseKey key = queue.claim(worker);
    assertThat(reason(job)).isEqualTo("A worker has claimed it and prepares the training.");
    report(key, 1, 7, 10);
    assertThat(reason(job)).isEqualTo("A worker trains it: step 7 of 10.");
    queue.ledger.pause(department, job, "somebody");
    assertThat(reason(job)).startsWith("A pause was requested by somebody;");
    queue.ledger.cancel(department, job, "user_1", null);
    assertThat(reason(job)).startsWith("Its cancellation was requested by ann@example.org;");
    queue.leases.release(key);
    assertThat(reason(job)).isEqualTo("Cancelled by ann@example.org.");
  }

  @Test
  void theEndIsExpectedByThePaceOfTheAttemptThatRuns() {
    String job = queue.submit(department, 0);
    LeaseKey key = queue.claim(worker);
    report(key, 1, 3, 43);
    clock(5);
    report(key, 2, 20, 43);
    assertThat(end(job).isNull()).as("five seconds say little").isTrue();
    clock(20);
    report(key, 3, 23, 43);
    assertThat(end(job).asLong()).isCloseTo(now() + 20, within(2L));
    assertThat(shown(job).get("estimated_finish")).isEqualTo(end(job));
    clock(45);
    assertThat(end(job).isNull()).as("the time is over, and nothing was heard").isTrue();
    assertThat(shown(job).at("/progress/tokens_per_second").asDouble()).isEqualTo(900);

    clock(200);
    queue.reap();
    LeaseKey next = queue.claim(worker);
    assertThat(shown(job).at("/progress/tokens_per_second").isNull()).isTrue();
    report(next, 1, 11, 43);
    clock(240);
    report(next, 2, 15, 43);
    assertThat(end(job).isNull()).as("four steps say little").isTrue();
    clock(300);
    report(next, 3, 21, 43);
    assertThat(end(job).asLong()).isCloseTo(now() + 220, within(5L));
    queue.ledger.pause(department, job, null);
    assertThat(end(job).isNull()).as("it will stop before").isTrue();
    queue.ledger.resume(department, job, null);
    report(next, 4, 43, 43);
    assertThat(end(job).isNull()).as("what comes after the last step is not measured").isTrue();
    queue.leases.complete(next, "ft:b:1", Queue.SOME, List.of());
    assertThat(reason(job)).isEqualTo("It made 43 steps and published ft:b:1.");
  }

  @ParameterizedTest
  @CsvSource({"1, true", "2, false"})
  void theStartIsExpectedWhereTheEndOfWhatRunsIs(int others, boolean known) {
    queue.submit(department, 0);
    LeaseKey key = queue.claim(worker);
    String job = "";
    for (int i = 0; i < others; i++) job = queue.submit(department, 0);
    assertThat(start(job).isNull()).isTrue();
    report(key, 1, 1, 50);
    clock(20);
    report(key, 2, 11, 50);
    assertThat(start(job).isNumber()).isEqualTo(known);
    if (known) assertThat(start(job)).isEqualTo(end(key.jobId()));
    String elsewhere = queue.department(5);
    String next = queue.submit(elsewhere, 0);
    assertThat(queue.shown(elsewhere, next).at("/queue/eta")).isEqualTo(end(key.jobId()));
    assertThat(start(job).isNull()).as("another project comes first").isTrue();
  }

  private static TrainingFailure transientFailure() {
    return new TrainingFailure(
        TrainingFailure.Kind.TRANSIENT, "device fell off the bus", null, null);
  }

  private void report(LeaseKey key, long number, int step, int total) {
    LeaseReport.Progress progress = new LeaseReport.Progress(step, total, null, 900.0, null);
    queue.leases.renew(
        key, Queue.TTL, new LeaseReport(number, null, progress, step, List.of(), List.of(), null));
  }

  private JsonNode shown(String job) {
    return queue.shown(department, job);
  }

  private String reason(String job) {
    return shown(job).get("reason").asString();
  }

  private String why(String job) {
    JsonNode shown = shown(job);
    assertThat(shown.at("/queue/ahead_reason")).isEqualTo(shown.get("reason"));
    return reason(job);
  }

  private JsonNode end(String job) {
    return shown(job).at("/progress/eta");
  }

  private JsonNode start(String job) {
    return shown(job).at("/queue/eta");
  }

  private void seen() {
    queue
        .sql
        .sql("update worker set last_seen_at = graft_now() where id = :id")
        .param("id", worker)
        .update();
  }

  private long now() {
    return queue
        .sql
        .sql("select extract(epoch from graft_now())::bigint")
        .query(Long.class)
        .single();
  }

  private void clock(int seconds) {
    queue
        .sql
        .sql("select set_config('graft.clock_offset', :offset, false)")
        .param("offset", seconds + " seconds")
        .query(String.class)
        .single();
  }
}
