package dev.graft.platform.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.platform.FileTrees;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The embedded binaries are used here even where the other tests use a container. */
class EmbeddedPostgresIT {
  private Path directory = Path.of("");

  @BeforeEach
  void aDirectory() throws IOException {
    Path parent = Files.createDirectories(Path.of("target", "test-data"));
    directory = parent.resolve("postgres-" + System.nanoTime()).toAbsolutePath();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    EmbeddedPostgres.running(directory).ifPresent(EmbeddedPostgres::close);
    FileTrees.delete(directory);
  }

  @Test
  void keepsItsDataAndItsPasswordToItself() throws Exception {
    try (EmbeddedPostgres first = EmbeddedPostgres.start(directory)) {
      assertThat(first.adopted()).isFalse();
      execute(first, "create table kept (n int)", "insert into kept values (7)");
      assertThat(ask(first, "show fsync")).isEqualTo("on");
      assertThat(ask(first, "show data_checksums")).isEqualTo("on");
      assertThatThrownBy(
              () -> DriverManager.getConnection(first.url("postgres"), "graft", "guessed"))
          .isInstanceOf(SQLException.class)
          .hasMessageContaining("password authentication failed");
    }
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(directory.resolve("password"))))
        .isEqualTo("rw-------");
    try (EmbeddedPostgres second = EmbeddedPostgres.start(directory)) {
      assertThat(ask(second, "select n from kept")).isEqualTo("7");
    }
    assertThat(EmbeddedPostgres.running(directory)).isEmpty();
  }

  @Test
  void adoptsThePostmasterThatAKilledGraftLeft() throws Exception {
    EmbeddedPostgres left = EmbeddedPostgres.start(directory);
    try (EmbeddedPostgres adopted = EmbeddedPostgres.start(directory)) {
      assertThat(adopted.adopted()).isTrue();
      assertThat(adopted.pid()).isEqualTo(left.pid());
      assertThat(ask(adopted, "select 1")).isEqualTo("1");
    }
    assertThat(ProcessHandle.of(left.pid()).filter(ProcessHandle::isAlive)).isEmpty();
  }

  @Test
  void losesNothingCommittedWhenPostgresIsKilled() throws Exception {
    EmbeddedPostgres first = EmbeddedPostgres.start(directory);
    execute(first, "create table kept (n int)", "insert into kept values (7)");
    ProcessHandle postmaster = ProcessHandle.of(first.pid()).orElseThrow();
    postmaster.destroyForcibly();
    postmaster.onExit().get(10, TimeUnit.SECONDS);
    assertThat(directory.resolve("cluster/postmaster.pid")).exists();

    try (EmbeddedPostgres second = EmbeddedPostgres.start(directory)) {
      assertThat(second.adopted()).isFalse();
      assertThat(ask(second, "select n from kept")).isEqualTo("7");
    }
  }

  @Test
  void startsAlthoughAnotherProgramHasTheNumberOfItsLastPostmaster() throws Exception {
    EmbeddedPostgres.start(directory).close();
    Path file = directory.resolve("cluster/postmaster.pid");
    String me = Long.toString(ProcessHandle.current().pid());
    Files.write(file, List.of(me, directory + "/cluster", "1", "5432", "", "127.0.0.1"));
    try (EmbeddedPostgres again = EmbeddedPostgres.start(directory)) {
      assertThat(ask(again, "select 1")).isEqualTo("1");
    }
  }

  @Test
  void refusesTheClusterOfAnotherMajorVersionAndSaysTheCure() throws Exception {
    Files.createDirectories(directory.resolve("cluster"));
    Files.writeString(directory.resolve("cluster/PG_VERSION"), "17\n");
    assertThatThrownBy(() -> EmbeddedPostgres.start(directory))
        .isInstanceOf(MachineLacks.class)
        .hasMessageContaining("17")
        .hasMessageContaining("18")
        .hasMessageContaining("pg_dump");
  }

  @Test
  void aCommandUsesTheDatabaseOfTheServerThatHoldsTheDirectory() throws Exception {
    try (LocalDatabase server = LocalDatabase.own(directory)) {
      try (LocalDatabase command = LocalDatabase.borrow(directory)) {
        assertThat(command.url()).isEqualTo(server.url());
      }
      try (Connection still =
          DriverManager.getConnection(server.url(), server.user(), server.password())) {
        assertThat(still.isValid(5)).isTrue();
      }
    }
    assertThat(EmbeddedPostgres.running(directory.resolve("postgres"))).isEmpty();
  }

  private static void execute(EmbeddedPostgres postgres, String... statements) throws SQLException {
    try (Connection connection = connect(postgres);
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    }
  }

  private static String ask(EmbeddedPostgres postgres, String sql) throws SQLException {
    try (Connection connection = connect(postgres);
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  private static Connection connect(EmbeddedPostgres postgres) throws SQLException {
    return DriverManager.getConnection(
        postgres.url("postgres"), postgres.user(), postgres.password());
  }
}
