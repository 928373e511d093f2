package dev.graft.datasets.imports;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.artifacts.Digest;
import dev.graft.hub.HubDouble;
import dev.graft.openai.GraftProgram;
import dev.graft.pg.TestPostgres;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;

/** A server that is killed in the middle of an import, and the next one on its data directory. */
class ImportKillIT {
  private static final byte[] ROWS =
      "{\"text\":\"some words\"}\n".repeat(1_000_000).getBytes(UTF_8);

  @TempDir private Path directory;

  @Test
  void whatAKilledServerHasFetchedIsGoneOnWith() throws Exception {
    TestPostgres.Address database = TestPostgres.migrated();
    try (HubDouble hub = new HubDouble();
        Connection connection =
            DriverManager.getConnection(database.url(), database.user(), database.password())) {
      JdbcClient sql = JdbcClient.create(new SingleConnectionDataSource(connection, true));
      hub.add("datasets/acme/large", Map.of("rows.jsonl", ROWS));
      GraftProgram graft = new GraftProgram(directory);
      Map<String, String> environment = environment(hub, database);
      Process first = serving(graft, environment, "first.log");
      AtomicLong sent = new AtomicLong();
      hub.sent =
          bytes -> {
            if (sent.addAndGet(bytes) > ROWS.length / 2) first.destroyForcibly();
          };
      var begun =
          graft.run(
              environment, "", List.of("files", "import", "hf://datasets/acme/large/rows.jsonl"));
      assertThat(begun.status()).as(begun.error()).isZero();
      assertThat(first.waitFor(1, TimeUnit.MINUTES)).isTrue();
      hub.sent = bytes -> {};
      hub.requests.clear();
      // So that nobody waits for the lease of the dead.
      sql.sql("update leased_work set claimed_until = claimed_until - interval '1 hour'").update();

      Process next = serving(graft, environment, "next.log");
      try {
        await()
            .atMost(Duration.ofMinutes(1))
            .until(
                () ->
                    sql.sql("select ended_at is not null from file_import")
                        .query(Boolean.class)
                        .single());
      } finally {
        next.destroyForcibly();
      }
      Map<String, Object> made =
          sql.sql(
                  """
                  select i.state, i.error, f.digest from file_import i left join file f on f.id = i.file_id
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

  private static Map<String, String> environment(HubDouble hub, TestPostgres.Address database) {
    Map<String, String> environment = new HashMap<>();
    environment.put("HF_ENDPOINT", hub.url().toString());
    environment.put("GRAFT_HUB_CACHE", "");
    environment.put("GRAFT_DATASETS_SOURCES_HF_ORGANIZATIONS", "acme");
    environment.put("GRAFT_CHILDREN_USER", "none");
    environment.put("SPRING_DATASOURCE_URL", database.url());
    environment.put("SPRING_DATASOURCE_USERNAME", database.user());
    environment.put("SPRING_DATASOURCE_PASSWORD", database.password());
    return environment;
  }

  private Process serving(GraftProgram graft, Map<String, String> environment, String log)
      throws Exception {
    Path said = directory.resolve(log);
    Process server =
        graft
            .builder(environment, List.of("serve", "--role", "server", "--port", "0"))
            .directory(new File(".")) // beside the API document
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    await()
        .atMost(Duration.ofMinutes(1))
        .until(() -> Files.readString(said).contains("Graft is running at") || !server.isAlive());
    assertThat(server.isAlive()).as(Files.readString(said)).isTrue();
    return server;
  }
}
