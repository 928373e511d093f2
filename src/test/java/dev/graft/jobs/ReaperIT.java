package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.OwnServer;
import dev.graft.jobs.JobRows.JobRow;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.jobs.lease.LeaseProtocol.LeaseReport;
import dev.graft.pg.TestPostgres;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;

/** What a lost lease says about its job. The clock of the database is moved by hand. */
@OwnServer
class ReaperIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final JobProperties SETTINGS =
      new Binder(List.of()).bindOrCreate("graft.jobs", JobProperties.class);

  private final Queue queue = new Queue(Databases.shifted(DATABASE, "0 s"));
  private final Reaper reaper = new Reaper(queue.lost, SETTINGS);
  private final ExpectedLog log =
      ExpectedLog.of(Reaper.class, "worker_lost", "database_was_away", "reap_failed");
  private int seconds;

  @BeforeEach
  void aServerThatHasBeenThereForAWhile() {
    queue.clear();
    reapUntil(70);
  }

  @AfterEach
  void closeLog() {
    log.close();
  }

  @Test
  void anOutageOfTheDatabaseUnderALiveServerCountsNoLosses() {
    String department = queue.department(2);
    String quick = queue.submit(department, 0);
    LeaseKey renewing = queue.claim(queue.worker());
    String slow = queue.submit(department, 0);
    queue.claim(queue.worker());
    clock(seconds + 300); // nobody got an answer meanwhile
    assertThat(reaper.reap()).isZero();
    assertThat(log.seen()).contains("database_was_away");
    queue.leases.renew(renewing, Queue.TTL, LeaseReport.empty(1));
    reapUntil(seconds + 55);
    assertThat(queue.state(department, slow)).isEqualTo(JobState.RUNNING);
    queue.leases.renew(renewing, Queue.TTL, LeaseReport.empty(2));
    reapUntil(seconds + 10);
    assertThat(queue.state(department, quick)).isEqualTo(JobState.RUNNING);
    assertThat(queue.state(department, slow)).isEqualTo(JobState.QUEUED);
    assertThat(queue.row(department, slow).tries()).isEqualTo(new JobRow.Tries(0, 0, 0, 0));
    assertThat(queue.events.list(slow, Integer.MAX_VALUE, 1).getFirst().message())
        .startsWith("The worker could not reach a server for too long");
  }

  @Test
  void aLossAfterTheOutageIsOneAgain() {
    String department = queue.department(2);
    clock(seconds + 300);
    reapUntil(seconds + 70);
    String job = queue.submit(department, 0);
    queue.claim(queue.worker());
    reapUntil(seconds + 65);
    assertThat(queue.row(department, job).tries()).isEqualTo(new JobRow.Tries(0, 0, 1, 1));
  }

  @Test
  void aServerThatStartsLeavesWorkersTimeToComeBackAndProvesNothing() {
    String department = queue.department(2);
    String job = queue.submit(department, 0);
    queue.claim(queue.worker());
    clock(seconds + 300);
    Reaper started = new Reaper(queue.lost, SETTINGS);
    assertThat(started.reap()).isZero();
    for (int i = 0; i < 13; i++) {
      clock(seconds + 5);
      started.reap();
    }
    assertThat(queue.row(department, job).tries()).isEqualTo(new JobRow.Tries(0, 0, 1, 0));
  }

  @Test
  void jobsThatAWorkerLosesTogetherAreNotPoisonForIt() {
    String department = queue.department(4);
    List<String> jobs = List.of(queue.submit(department, 0), queue.submit(department, 0));
    for (int round = 0; round < 8; round++) {
      String worker = queue.worker();
      queue.claim(worker);
      queue.claim(worker);
      reapUntil(seconds + 65);
    }
    for (String job : jobs) {
      assertThat(queue.state(department, job)).isEqualTo(JobState.QUEUED);
      assertThat(queue.row(department, job).tries()).isEqualTo(new JobRow.Tries(0, 0, 8, 0));
    }
    String worker = queue.worker();
    queue.claim(worker);
    queue.claim(worker);
    reapUntil(seconds + 65);
    assertThat(jobs)
        .allSatisfy(job -> assertThat(queue.state(department, job)).isEqualTo(JobState.FAILED));
  }

  @Test
  void aWorkerThatLosesOneJobAfterTheOtherIsToBlameItself() {
    String department = queue.department(4);
    String first = queue.submit(department, 0);
    String bad = queue.worker();
    queue.claim(bad);
    reapUntil(seconds + 65);
    String second = queue.submit(department, 9);
    queue.claim(bad);
    reapUntil(seconds + 65);
    assertThat(queue.row(department, first).tries().ownLossesInARow()).isOne();
    assertThat(queue.row(department, second).tries()).isEqualTo(new JobRow.Tries(0, 0, 1, 0));
  }

  @Test
  void aJobThatAloneLosesItsWorkersIsPoisonAfterThree() {
    String department = queue.department(4);
    String job = queue.submit(department, 0);
    String worker = queue.worker();
    for (int round = 0; round < 3; round++) {
      queue.claim(worker);
      reapUntil(seconds + 65);
    }
    assertThat(queue.state(department, job)).isEqualTo(JobState.FAILED);
    assertThat(queue.row(department, job).failure())
        .isEqualTo(
            new JobRow.Failure(
                "worker_lost", "Lost its worker 3 times without a new checkpoint", null, null));
  }

  @Test
  void aRowThatCannotBeReapedKeepsNoOtherFromBeing() {
    String department = queue.department(4);
    String broken = queue.submit(department, 0);
    queue.claim(queue.worker());
    String good = queue.submit(department, 0);
    queue.claim(queue.worker());
    queue
        .sql
        .sql(
            """
            create function refuse() returns trigger language plpgsql as
              $$ begin raise exception 'this row is broken'; end $$;
            create trigger refused before update on job for each row
              when (old.id = '%s') execute function refuse()
            """
                .formatted(broken))
        .update();
    reapUntil(seconds + 65);
    assertThat(log.seen()).contains("reap_failed", "worker_lost");
    assertThat(queue.state(department, good)).isEqualTo(JobState.QUEUED);
    assertThat(queue.state(department, broken)).isEqualTo(JobState.RUNNING);
    queue.sql.sql("drop function refuse cascade").update();
    reapUntil(seconds + 5);
    assertThat(queue.state(department, broken)).isEqualTo(JobState.QUEUED);
  }

  /** As a server does, every five seconds. */
  private void reapUntil(int end) {
    while (seconds < end) {
      clock(seconds + 5);
      reaper.reap();
    }
  }

  private void clock(int at) {
    seconds = at;
    queue
        .sql
        .sql("select set_config('graft.clock_offset', :offset, false)")
        .param("offset", seconds + " s")
        .query(String.class)
        .single();
  }
}
