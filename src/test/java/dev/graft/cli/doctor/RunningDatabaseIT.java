package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.FileTrees;
import dev.graft.platform.database.EmbeddedPostgres;
import dev.graft.platform.database.OwnedDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The embedded PostgreSQL while it runs: with the Graft that started it, and without. */
class RunningDatabaseIT {
  private Path data = Path.of("");

  @BeforeEach
  void aDirectory() throws IOException {
    Path parent = Files.createDirectories(Path.of("target", "test-data"));
    data = Files.createTempDirectory(parent, "doctor-").toAbsolutePath();
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    running().ifPresent(EmbeddedPostgres::close);
    FileTrees.delete(data);
  }

  private java.util.Optional<EmbeddedPostgres> running() {
    return EmbeddedPostgres.running(data.resolve("postgres"));
  }

  @Test
  void itsOwnerIsToldAndItGoesOn() {
    try (OwnedDatabase held = new OwnedDatabase(data)) {
      List<DoctorReport.CheckResult> findings =
          new Database.EmbeddedDatabase(data, Clock.systemUTC()).findings();
      assertThat(findings)
          .allMatch(finding -> finding.status() == DoctorReport.CheckStatus.OK)
          .extracting(DoctorReport.CheckResult::name)
          .containsExactly("postgresql", "migrations", "clock");
      assertThat(findings.getFirst().detail())
          .matches("embedded, 18\\.\\d+ at 127.0.0.1:\\d+/postgres, in use by a running Graft");
      assertThat(running().map(postgres -> postgres.url("postgres"))).contains(held.url());
    }
  }

  @Test
  void oneThatAKilledGraftLeftIsTold() {
    EmbeddedPostgres left = EmbeddedPostgres.start(data.resolve("postgres"), "fsync=off");
    List<DoctorReport.CheckResult> findings =
        new Database.EmbeddedDatabase(data, Clock.systemUTC()).findings();
    assertThat(findings.getFirst().detail()).contains("left running by a killed Graft");
    assertThat(running().map(EmbeddedPostgres::pid)).contains(left.pid());
  }
}
