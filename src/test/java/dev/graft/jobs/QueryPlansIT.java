package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.ObservedPlans;
import dev.graft.pg.ObservedPlans.Values;
import dev.graft.pg.Plan;
import dev.graft.pg.TestPostgres;
import dev.graft.spec.Resources.DeviceKind;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionOperations;

/**
 * With 130,000 jobs of 1,000 departments each of these statements reads as many rows as it shows,
 * and what it must count; whether or not the plan was made for its values.
 */
@ParameterizedClass
@EnumSource
class QueryPlansIT {
  private static final TestPostgres.Address DATABASE = CrowdedQueue.load();
  private static final int PAGE = 21;

  /** Of 30,000 jobs of 999 departments that have ended. */
  private static final int OF_ONE = 31;

  /** A job of each of four sizes, the first of each, the one that it is, and its own row again. */
  private static final int OF_A_CLAIM = 12;

  private final ObservedPlans plans;
  private final JobRows jobs;
  private final JobEvents events;
  private final Claims claims;
  private final LeaseLedger leases;
  private final FairShareLedger turns;

  QueryPlansIT(Values values) {
    plans = ObservedPlans.over(DATABASE, values);
    jobs = new JobRows(plans.client());
    events = new JobEvents(plans.client());
    claims = Queue.claims(plans.client());
    leases = new LeaseLedger(plans.client(), Queue.SETTINGS, JobMeters.unread());
    turns =
        new FairShareLedger(
            plans.client(), TransactionOperations.withoutTransaction(), Queue.SETTINGS);
  }

  @AfterEach
  void disconnect() {
    plans.close();
  }

  @Test
  void claimReadsAJobOfEachCandidate() {
    LeaseKey key = claims.claimNow(CrowdedQueue.WORKER, Device.UNKNOWN, null).orElseThrow().key();
    Plan plan = plans.only();
    assertBounded(plan, Claims.CANDIDATES + OF_A_CLAIM);
    assertThat(plan.mostRowsSorted()).isEqualTo(CrowdedQueue.DEPARTMENTS);
    giveBack(key);
  }

  @Test
  void whatADepartmentsJobsWaitForIsReadFromAFewJobsOfOthers() {
    QueuePlace.QueueTurn turn = turns.turn(CrowdedQueue.BUSY);
    Plan plan = plans.only();
    assertThat(turn.ahead()).isEqualTo(FairShareLedger.COUNTED + 1);
    assertBounded(plan, FairShareLedger.COUNTED + 1);
    assertThat(plan.mostRowsSorted()).isLessThanOrEqualTo(PAGE);
  }

  @Test
  void jobsThatDoNotFitAreNotReadOnTheWayToOneThatDoes() {
    JdbcClient sql = JdbcClient.create(Databases.dataSource(DATABASE));
    sql.sql("update department set used = 1, used_at = graft_now() where id <> 'proj_busy'")
        .update();
    Device small = new Device("cpu", CrowdedQueue.SMALL);
    LeaseKey key = claims.claimNow(CrowdedQueue.WORKER, small, null).orElseThrow().key();
    assertThat(key.jobId()).isEqualTo(CrowdedQueue.FIRST_SMALL);
    assertBounded(plans.only(), Claims.CANDIDATES + OF_A_CLAIM);
    giveBack(key);
    assertThat(plans.all()).hasSize(1); // the release
    Device tiny = new Device("cpu", 1L);
    assertThat(claims.claimNow(CrowdedQueue.WORKER, tiny, null)).isEmpty();
    assertThat(plans.all())
        .hasSize(2)
        .allSatisfy(plan -> assertBounded(plan, CrowdedQueue.DEPARTMENTS)); // the smallest of each
    sql.sql("update department set used = 0").update();
  }

  @Test
  void aDeviceIsNotShownTheJobsThatAskForAnother() {
    JdbcClient sql = JdbcClient.create(Databases.dataSource(DATABASE));
    sql.sql("update department set used = 1, used_at = graft_now() where id <> 'proj_busy'")
        .update();
    // All but the last of the busy department ask for one of 40 kinds of GPU.
    int ofCuda = JobNeeds.kind(DeviceKind.CUDA) * 1_000_000;
    sql.sql(
            """
            update job set device_needs = :cuda + substring(id from '[0-9]+')::int % 40 * 1000
             where department_id = 'proj_busy' and state = 'queued' and id <> :last
            """)
        .param("cuda", ofCuda)
        .param("last", CrowdedQueue.LAST)
        .update();
    sql.sql("vacuum analyze job").update();
    Device cpu = Device.named("cpu", Long.MAX_VALUE, null);
    LeaseKey key = claims.claimNow(CrowdedQueue.WORKER, cpu, null).orElseThrow().key();
    assertThat(key.jobId()).isEqualTo(CrowdedQueue.LAST);
    Plan plan = plans.only();
    assertBounded(plan, Claims.CANDIDATES + 2 * 40 + OF_A_CLAIM);
    giveBack(key);
    sql.sql("update job set device_needs = 0 where device_needs > 0").update();
    sql.sql("update department set used = 0").update();
    sql.sql("vacuum analyze job").update();
    assertThat(plans.all()).hasSize(1); // the release
  }

  @ParameterizedTest
  @ValueSource(strings = {CrowdedQueue.FIRST, CrowdedQueue.MIDDLE, CrowdedQueue.LAST})
  void aJobIsReadWithItsPlaceInTheQueue(String id) {
    JobRows.JobRow job = jobs.find(CrowdedQueue.BUSY, id).orElseThrow();
    Plan plan = plans.only();
    assertThat(job.position()).isEqualTo(id.equals(CrowdedQueue.FIRST) ? 1 : JobRows.COUNTED + 1);
    assertBounded(plan, JobRows.COUNTED + 1);
    assertThat(plan.mostRowsSorted()).isLessThanOrEqualTo(PAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", CrowdedQueue.MIDDLE})
  void aPageOfJobsReadsThatPage(String after) {
    assertThat(jobs.list(CrowdedQueue.BUSY, after.isEmpty() ? null : after, PAGE, null, false))
        .hasSize(PAGE);
    Plan plan = plans.only();
    assertBounded(plan, PAGE + 1 + JobRows.COUNTED);
    assertThat(plan.mostRowsSorted()).isLessThanOrEqualTo(PAGE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"run\": \"7\"}", "{\"team\": \"a\"}", "{\"team\": \"b\"}"})
  void aFilterReadsTheDepartmentsJobsAtMost(String metadata) {
    jobs.list(CrowdedQueue.BUSY, null, PAGE, metadata, false);
    assertBounded(plans.only(), CrowdedQueue.OF_BUSY + JobRows.COUNTED);
    jobs.list(CrowdedQueue.BUSY, null, PAGE, null, true);
    assertBounded(plans.only(), CrowdedQueue.OF_BUSY + JobRows.COUNTED);
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MAX_VALUE, 10_000})
  void aPageOfEventsReadsThatPage(int before) {
    assertThat(events.list(CrowdedQueue.TALKATIVE, before, PAGE)).hasSize(PAGE);
    Plan plan = plans.only();
    assertThat(plan.rowsRead("job_event")).as(plan.toString()).isEqualTo(PAGE);
    assertThat(plan.tablesReadWhole()).isEmpty();
    assertThat(plan.mostRowsSorted()).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 10_000})
  void aStreamReadsTheEventsThatItSends(int after) {
    assertThat(events.after(CrowdedQueue.TALKATIVE, after, PAGE)).hasSize(PAGE);
    Plan plan = plans.only();
    assertThat(plan.rowsRead("job_event")).as(plan.toString()).isEqualTo(PAGE);
    assertThat(plan.tablesReadWhole()).isEmpty();
    assertThat(plan.mostRowsSorted()).isZero();
  }

  @Test
  void whetherFollowedJobsHaveMovedOnIsReadOfThemAlone() {
    assertThat(events.positions(Set.of(CrowdedQueue.TALKATIVE, CrowdedQueue.MIDDLE))).hasSize(2);
    assertBounded(plans.only(), 2);
  }

  @Test
  void whatRetentionTellsOfIsFoundAmongTheJobsThatHaveEnded() {
    EndedJobs ended = new EndedJobs(plans.client());
    Instant always = Instant.parse("2100-01-01T00:00:00Z");
    assertThat(ended.unannounced(EndedJobs.Part.LOGS, "proj_1", always, PAGE)).hasSize(PAGE);
    assertBounded(plans.only(), OF_ONE);
    assertThat(ended.unannounced(EndedJobs.Part.CHECKPOINTS, "proj_1", always, PAGE)).isEmpty();
    assertBounded(plans.only(), OF_ONE);
    assertThat(ended.needed("ftjob-ended-1")).isFalse();
    assertBounded(plans.only(), 1);
  }

  /** As if for the first time, so that it keeps its place. */
  private void giveBack(LeaseKey key) {
    leases.release(key);
    JdbcClient.create(Databases.dataSource(DATABASE))
        .sql("update job set releases_in_a_row = 0 where id = ?")
        .param(key.jobId())
        .update();
  }

  private static void assertBounded(Plan plan, long jobs) {
    assertThat(plan.tablesReadWhole())
        .as(plan.toString())
        .doesNotContain("job", "job_progress", "job_event", "job_lease");
    assertThat(plan.rowsRead("job")).as(plan.toString()).isLessThanOrEqualTo(jobs);
    assertThat(plan.rowsRead("job_progress")).isLessThanOrEqualTo(PAGE);
    assertThat(plan.rowsRead("job_lease")).isLessThanOrEqualTo(3L * PAGE);
  }
}
