package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.artifacts.BlobRef;
import dev.graft.artifacts.Manifest;
import dev.graft.jobs.lease.Lease.LeaseKey;
import dev.graft.pg.GraftIT;
import java.nio.file.Path;
import java.util.TreeMap;
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
  @Autowired QueueInvariants.CounterRepair repair;
  @Autowired QueueInvariants invariants;
  @Autowired JdbcClient sql;

  @Test
  void aCounterThatDriftedIsSetToTheNumberOfRunningJobsAndAudited() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    LeaseKey key = worker.claim();
    sql.sql("update department set running = 7 where id = ?").param(job.department()).update();
    assertThat(invariants.violations()).singleElement().asString().contains("counts 7");
    try (var log =
        ExpectedLog.of(QueueInvariants.CounterRepair.class, "running_counter_repaired")) {
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
    worker.release(key);
    server.cancel(job);
  }

  /** 9,500 files are not too many for a manifest, so they are not for a checkpoint. */
  @Test
  void aManifestOfAsManyFilesAsThereMayBeIsTaken() throws Exception {
    QueueServer.Submitted job = server.submit("{}", directory);
    LeaseKey key = worker.claim();
    byte[] content = {1, 2, 3};
    BlobRef blob = new BlobRef(worker.upload(key, content), content.length);
    TreeMap<String, BlobRef> files = new TreeMap<>();
    for (int i = 0; i < 9_500; i++) files.put("directory/of/many/shards-%05d".formatted(i), blob);
    byte[] json = new Manifest(files).toJson();
    assertThat(json.length).isGreaterThan(1 << 20);
    worker.checkpoint(key, 1, worker.upload(key, json));
    assertThat(server.checkpoint(job)).isOne();
    worker.release(key);
    server.cancel(job);
  }
}
