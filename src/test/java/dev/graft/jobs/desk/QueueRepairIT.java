package dev.graft.jobs.desk;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.jobs.QueueInvariants;
import dev.graft.jobs.queue.QueueServer;
import dev.graft.pg.GraftIT;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Import;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Rows that no statement of the queue leaves behind, and what becomes of them. */
@GraftIT
@Import({QueueServer.class, HandWorker.class})
class QueueRepairIT {
  @TempDir Path directory;
  @Autowired QueueServer server;
  @Autowired HandWorker worker;
  @Autowired Reaper reaper;
  @Autowired CounterRepair repair;
  @Autowired QueueInvariants invariants;
  @Autowired JdbcClient sql;

  @Test
  void aCounterThatDriftedIsSetToTheNumberOfRunningJobsAndAudited() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    worker.claim();
    sql.sql("update department set running = 7 where id = ?").param(job.department()).update();
    assertThat(invariants.violations()).singleElement().asString().contains("counts 7");
    try (var log = ExpectedLog.of(CounterRepair.class, "running_counter_repaired")) {
      repair.repair();
      assertThat(log.seen()).hasSize(1);
    }
    assertThat(invariants.violations()).isEmpty();
    assertThat(
            sql.sql(
                    """
                    select details::text from audit_log
                     where type = 'project.running_jobs.repaired' and department_id = ?
                    """)
                .param(job.department())
                .query(String.class)
                .single())
        .isEqualTo("{\"counted\": 7, \"running\": 1}");
    repair.repair();
    expire();
    reaper.reap();
    server.cancel(job);
  }

  @Test
  void aRowThatCannotBeReapedKeepsNoOtherFromBeing() throws Exception {
    QueueServer.Submitted broken = server.submit("{}", directory);
    worker.claim();
    QueueServer.Submitted good = server.submit("{}", directory);
    worker.claim();
    sql.sql(
            """
            create function refuse() returns trigger language plpgsql as
              $$ begin raise exception 'this row is broken'; end $$;
            create trigger refused before update on job for each row
              when (old.id = '%s') execute function refuse()
            """
                .formatted(broken.id()))
        .update();
    expire();
    try (var log = ExpectedLog.of(Reaper.class, "reap_failed", "worker_lost")) {
      reaper.reap();
      assertThat(log.seen()).containsExactly("reap_failed", "worker_lost");
    } finally {
      sql.sql("drop function refuse cascade").update();
    }
    assertThat(server.state(good)).isEqualTo("queued");
    assertThat(server.state(broken)).isEqualTo("running");
    reaper.reap();
    assertThat(server.state(broken)).isEqualTo("queued");
    server.cancel(good);
    server.cancel(broken);
  }

  private void expire() {
    sql.sql(
            """
            update job_lease
               set expires_at = graft_now() - interval '1 h' + epoch * interval '1 s',
                   claimed_at = claimed_at - interval '2 h'
             where ended_at is null
            """)
        .update();
  }
}
