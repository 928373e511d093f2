package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.OwnServer;
import dev.graft.artifacts.Digest;
import dev.graft.artifacts.hub.HubDouble;
import dev.graft.openai.GraftProgram;
import dev.graft.pg.TestPostgres;
import dev.graft.pg.TwoServers;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** A server that is killed in the middle of an import, and the next one on its data directory. */
@OwnServer
class ImportKillIT {
  private static final byte[] ROWS =
      "{\"text\":\"some words\"}\n".repeat(1_000_000).getBytes(UTF_8);
  private static final Duration LONG = Duration.ofMinutes(1);

  @TempDir private Path directory;

  @Test
  void whatAKilledServerHasFetchedIsGoneOnWith() throws Exception {
    TestPostgres.Address database = TestPostgres.migrated();
    try (HubDouble hub = new HubDouble();
        Connection connection =
            DriverManager.getConnection(database.url(), database.user(), database.password())) {
      JdbcClient sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
      hub.add("datasets/acme/large", Map.of("rows.jsonl", ROWS));
      wanted(sql);
      killedHalfWay(hub, database);
      hub.requests.clear();
      // So that nobody waits for the lease of the dead.
      sql.sql("update leased_work set claimed_until = claimed_until - interval '1 hour'").update();

      List<String> settings =
          List.of(
              "graft.hub.endpoint=" + hub.url(),
              "graft.hub.cache=",
              "graft.datasets.sources.hf.organizations=acme");
      try (var next = TwoServers.run(database, directory.resolve("data"), settings).context()) {
        assertThat(next.isRunning()).isTrue();
        await().atMost(LONG).until(() -> ended(sql));
      }

      Map<String, Object> made =
          sql.sql(
                  """
                  select i.state, f.digest from file_import i left join file f on f.id = i.file_id
                  """)
              .query()
              .singleRow();
      assertThat(made).containsEntry("state", "succeeded");
      assertThat(made).containsEntry("digest", Digest.of(ROWS).hex());
      assertThat(hub.requests)
          .filteredOn(request -> request.contains("/rows.jsonl"))
          .isNotEmpty()
          .allMatch(request -> request.matches("GET .*rows.jsonl bytes=[1-9]\\d{5,}-"));
    }
  }

  private static void wanted(JdbcClient sql) {
    sql.sql(
            """
            insert into department (id, name, max_running, created_at) values ('d', 'd', 1, graft_now())
            """)
        .update();
    sql.sql(
            """
            insert into file_import (id, department_id, source, filename, ignore_unknown_keys, state, created_at)
            values ('fimport-1', 'd', 'hf://datasets/acme/large/rows.jsonl', 'rows.jsonl', false, 'queued', graft_now())
            """)
        .update();
    sql.sql("select add_leased_work('file_import', 'fimport-1', 'd')::text").query().listOfRows();
  }

  private void killedHalfWay(HubDouble hub, TestPostgres.Address database)
      throws IOException, InterruptedException {
    Process server =
        new GraftProgram(directory)
            .builder(
                Map.of(
                    "HF_ENDPOINT", hub.url().toString(),
                    "GRAFT_HUB_CACHE", "",
                    "GRAFT_DATASETS_SOURCES_HF_ORGANIZATIONS", "acme",
                    "GRAFT_CHILDREN_USER", "none",
                    "SPRING_DATASOURCE_URL", database.url(),
                    "SPRING_DATASOURCE_USERNAME", database.user(),
                    "SPRING_DATASOURCE_PASSWORD", database.password()),
                List.of("serve", "--role", "server", "--port", "0"))
            .directory(new File(".")) // beside the API document
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("server.log").toFile())
            .start();
    AtomicLong sent = new AtomicLong();
    hub.sent =
        bytes -> {
          if (sent.addAndGet(bytes) > ROWS.length / 2) server.destroyForcibly();
        };
    try {
      assertThat(server.waitFor(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).isEqualTo(137);
    } finally {
      server.destroyForcibly();
      hub.sent = bytes -> {};
    }
  }

  private static boolean ended(JdbcClient sql) {
    return sql.sql("select ended_at is not null from file_import").query(Boolean.class).single();
  }
}
