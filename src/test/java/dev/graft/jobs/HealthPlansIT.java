package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.ObservedPlans;
import dev.graft.pg.Plan;
import dev.graft.pg.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;

/** What a health check asks costs nothing with 100,000 jobs that have ended. */
class HealthPlansIT {
  private static final TestPostgres.Address DATABASE = TestPostgres.migrated();

  @BeforeAll
  static void finishedJobs() throws Exception {
    JdbcClient sql = JdbcClient.create(Databases.dataSource(DATABASE));
    sql.sql(Files.readString(Path.of("bench/scale/finished-jobs.sql"))).update();
    // As autovacuum does within a minute.
    sql.sql("vacuum analyze").update();
  }

  @Test
  void theInvariantsOfTheQueueReadNoJobThatHasEnded() {
    try (ObservedPlans plans = ObservedPlans.over(DATABASE, ObservedPlans.Values.KNOWN)) {
      assertThat(new QueueInvariants(plans.client()).violations()).isEmpty();
      Plan plan = plans.only();
      assertThat(plan.tablesReadWhole()).as(plan.toString()).doesNotContain("job", "job_lease");
      assertThat(plan.rowsRead("job")).as(plan.toString()).isZero();
      assertThat(plan.rowsRead("job_lease")).isZero();
    }
  }

  @Test
  void whatIsWrongIsFound() {
    JdbcClient sql = JdbcClient.create(Databases.dataSource(DATABASE));
    QueueInvariants invariants = new QueueInvariants(sql);
    sql.sql("update job set result_manifest = null where id = 'ftjob-1'").update();
    sql.sql("update job_lease set ended_at = null where job_id = 'ftjob-2'").update();
    sql.sql("update department set running = 3 where id = 'proj_5'").update();
    sql.sql("update job set state = 'running', finished_at = null where id = 'ftjob-7'").update();
    assertThat(invariants.violations())
        .containsExactlyInAnyOrder(
            "department proj_5 counts 3 running jobs, has 0",
            "department proj_7 counts 0 running jobs, has 1",
            "job ftjob-7 is running without a live lease",
            "job ftjob-2 is succeeded with a live lease",
            "job ftjob-1 succeeded without a result");
    sql.sql("update job set result_manifest = repeat('a', 64) where id = 'ftjob-1'").update();
    sql.sql("update job_lease set ended_at = claimed_at where job_id = 'ftjob-2'").update();
    sql.sql("update department set running = 0 where id = 'proj_5'").update();
    sql.sql("update job set state = 'succeeded', finished_at = created_at where id = 'ftjob-7'")
        .update();
    sql.sql("vacuum analyze").update();
    assertThat(invariants.violations()).isEmpty();
  }
}
