package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.OwnServer;
import dev.graft.pg.ObservedPlans;
import dev.graft.pg.Plan;
import dev.graft.pg.TestPostgres;
import dev.graft.platform.StoredNumbers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What a scrape asks of the queue costs nothing with 100,000 jobs that have ended. */
@OwnServer
class QueueNumbersIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();
  private static final int WAITING = 7;
  private static final Queue QUEUE = new Queue(Databases.dataSource(DATABASE));

  @BeforeAll
  static void finishedJobsAndAFewOthers() throws Exception {
    QUEUE.sql.sql(Files.readString(Path.of("bench/scale/finished-jobs.sql"))).update();
    QUEUE
        .sql
        .sql(
            "insert into department (id, name, max_running, created_at) values ('a', 'a', 2,"
                + " graft_now())")
        .update();
    for (int i = 0; i < WAITING; i++) QUEUE.submit("a", 0);
    QUEUE.claim(QUEUE.worker("fast"));
    QUEUE.sql.sql("vacuum analyze").update();
  }

  @Test
  void itReadsWaitingAndRunningJobsAlone() {
    try (ObservedPlans plans = ObservedPlans.over(DATABASE, ObservedPlans.Values.KNOWN)) {
      JdbcClient sql = plans.client();
      new QueueNumbers(sql, Queue.SETTINGS).read();
      List<Plan> all = plans.all();
      assertThat(all)
          .isNotEmpty()
          .allSatisfy(
              plan -> {
                assertThat(plan.tablesReadWhole())
                    .as(plan.toString())
                    .doesNotContain("job", "job_lease", "job_progress");
                assertThat(plan.rowsRead("job")).as(plan.toString()).isLessThanOrEqualTo(WAITING);
                assertThat(plan.rowsRead("job_lease")).isLessThanOrEqualTo(1);
              });
    }
  }

  @Test
  void itCountsThem() {
    JdbcClient sql = QUEUE.sql;
    Map<String, Double> read = new TreeMap<>();
    for (StoredNumbers.Reading each : new QueueNumbers(sql, Queue.SETTINGS).read()) {
      read.put(each.gauge() + each.labels(), each.value());
    }
    assertThat(read)
        .containsEntry("graft_jobs_pending[a, any]", WAITING - 1.0)
        .containsEntry("graft_jobs_running[a, fast]", 1.0)
        .containsKey("graft_queue_oldest_age_seconds[a, any]")
        .doesNotContainKey("graft_jobs_pending[proj_1, any]");
  }
}
