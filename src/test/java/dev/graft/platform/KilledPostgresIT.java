package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.database.EmbeddedPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The embedded PostgreSQL after kills. */
class KilledPostgresIT {
  @TempDir Path directory;

  @Test
  void afterAKilledPostmasterNoOldBackendWritesBesideTheNewOneAndCommittedRowsAreThere()
      throws Exception {
    ProcessHandle backend;
    try (EmbeddedPostgres first = EmbeddedPostgres.start(directory);
        Connection busy = connect(first)) {
      run(busy, "create table kept as select 42 as n");
      backend = ProcessHandle.of(number(busy, "select pg_backend_pid()")).orElseThrow();
      Thread endless =
          Thread.startVirtualThread(() -> count(busy, "generate_series(1, 1e15::bigint)"));
      try (Connection watcher = connect(first)) {
        String running =
            "select count(*) from pg_stat_activity where state = 'active' and query like '%1e15%'"
                + " and pid <> pg_backend_pid()";
        org.awaitility.Awaitility.await().until(() -> number(watcher, running) == 1);
      }

      ProcessHandle postmaster = ProcessHandle.of(first.pid()).orElseThrow();
      postmaster.destroyForcibly();
      postmaster.onExit().get(10, TimeUnit.SECONDS);
      assertThat(endless.isAlive()).isTrue();

      try (EmbeddedPostgres second = EmbeddedPostgres.start(directory);
          Connection connection = connect(second)) {
        assertThat(backend.isAlive()).isFalse();
        assertThat(number(connection, "select n from kept")).isEqualTo(42);
      }
    }
  }

  private static Connection connect(EmbeddedPostgres postgres) throws SQLException {
    return DriverManager.getConnection(
        postgres.url("postgres"), postgres.user(), postgres.password());
  }

  private static void run(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static void count(Connection connection, String rows) {
    try {
      number(connection, "select count(*) from " + rows);
    } catch (SQLException killed) {
      // as it must be
    }
  }

  private static long number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    }
  }
}
