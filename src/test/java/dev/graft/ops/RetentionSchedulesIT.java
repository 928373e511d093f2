package dev.graft.ops;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.Departments;
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
      "graft.retention.datasets-days=30"
    })
class RetentionSchedulesIT {
  @Autowired Departments departments;
  @Autowired JdbcClient sql;

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

  private int count(String table) {
    return sql.sql("select count(*) from " + table).query(Integer.class).single();
  }
}
