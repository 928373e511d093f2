package dev.graft.platform.work;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.TestPostgres;
import java.util.List;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** What a server of before the table of leased work had begun goes on after it. */
class UnfinishedWorkIT {
  private static final String BEFORE =
      """
      insert into department (id, name, slug, created_at) values ('d', 'd', 'd', graft_now());

      insert into file (id, department_id, filename, purpose, bytes, digest, status, created_at)
      select 'file-' || status, 'd', 'f', 'fine-tune', 1, repeat('a', 64), status, graft_now()
        from unnest(array['uploaded', 'processed', 'error']) status;

      insert into evaluation (id, department_id, status, file_id, models, plan, created_at, ended_at, not_before,
                              claimed_until, bugs)
      values ('waits', 'd', 'queued', 'f', '{m}', '{}', graft_now(), null, graft_now() + interval '1 hour', null, 1),
             ('runs', 'd', 'running', 'f', '{m}', '{}', graft_now(), null, graft_now(), graft_now() + interval '1 hour', 0),
             ('ended', 'd', 'cancelled', 'f', '{m}', '{}', graft_now(), graft_now(), graft_now(), null, 0);

      insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint, created_at, updated_at)
      select id, 'd', 'n', 'u', '{e}', '', '', graft_now(), graft_now() from unnest(array['due', 'idle']) id;

      insert into webhook_delivery (id, endpoint_id, type, job_id, created_at, next_attempt_at, ended_at)
      values ('1', 'due', 't', 'j', graft_now(), graft_now(), null),
             ('2', 'due', 't', 'j', graft_now(), graft_now() + interval '1 hour', null),
             ('3', 'idle', 't', 'j', graft_now(), null, graft_now());
      """;

  @Test
  void whatWasUnfinishedIsWork() {
    TestPostgres.Address database = TestPostgres.empty();
    var source = new DriverManagerDataSource(database.url(), database.user(), database.password());
    migrate(source, "166");
    JdbcClient sql = JdbcClient.create(source);
    sql.sql(BEFORE).update();
    migrate(source, "170");

    List<String> work =
        sql.sql(
                """
                select kind || ' ' || subject || ' ' || attempts || ' ' || (due_at <= graft_now()) from leased_work
                 order by 1
                """)
            .query(String.class)
            .list();
    assertThat(work)
        .containsExactly(
            "evaluation runs 0 false",
            "evaluation waits 1 false",
            "file_validation file-uploaded 0 true",
            "webhook due 0 true");
    assertThat(sql.sql("select count(*) from work_turn").query(Integer.class).single())
        .isEqualTo(3);
    for (String table : List.of("file", "evaluation", "webhook_delivery")) {
      assertThat(sql.sql("select count(*) from " + table).query(Integer.class).single())
          .isEqualTo(3);
    }
  }

  private static void migrate(DriverManagerDataSource source, String to) {
    Flyway.configure().dataSource(source).target(to).load().migrate();
  }
}
