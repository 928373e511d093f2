package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.ArtifactStore;
import dev.graft.artifacts.Digest;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.Departments;
import java.io.ByteArrayInputStream;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;

/** A server looks by itself at what is kept no longer. */
@GraftIT
@TestPropertySource(
    properties = {
      "graft.retention.sweep-after=0s",
      "graft.retention.sweep-every=200ms",
      "graft.retention.datasets-days=30",
      "graft.artifacts.sweep-after=0s",
      "graft.artifacts.sweep-every=200ms"
    })
class RetentionSchedulesIT {
  @Autowired Departments departments;
  @Autowired JdbcClient sql;
  @Autowired ArtifactStore store;

  @Test
  void whatIsDueIsToldAndThenRemovedByTheClock() {
    String department = departments.ensure("support");
    sql.sql(
            """
            insert into file (id, department_id, filename, purpose, bytes, digest, status, created_at)
            values ('file-old', :department, 'a.jsonl', 'fine-tune', 4, repeat('a', 64), 'processed',
                    graft_now() - interval '31 d')
            """)
        .param("department", department)
        .update();
    await().until(() -> count("retention_notice") == 1);
    assertThat(count("file")).isEqualTo(1);
    sql.sql(
            """
            update retention_notice
               set noticed_at = noticed_at - interval '7 d', delete_at = delete_at - interval '7 d'
            """)
        .update();
    await().until(() -> count("file") == 0);
    assertThat(count("retention_notice")).isZero();
  }

  @Test
  void whatNothingNeedsFreesItsBytesByTheClock() throws Exception {
    Digest blob = store.put(new ByteArrayInputStream(new byte[] {1, 2}), 2).sha256();
    await().until(() -> count("unreferenced_blob where digest = '" + blob + "'") == 1);
    sql.sql("update unreferenced_blob set since = since - interval '1 d' where digest = ?")
        .param(blob.hex())
        .update();
    await().until(() -> store.stat(blob).isEmpty());
    await().until(() -> count("unreferenced_blob where digest = '" + blob + "'") == 0);
  }

  private int count(String table) {
    return sql.sql("select count(*) from " + table).query(Integer.class).single();
  }
}
