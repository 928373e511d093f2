package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddedDatabaseTests {
  @TempDir Path data;

  @Test
  void withoutAClusterOneWillBeMadeAndNothingIsMadeNow() {
    CheckResult finding = look();
    assertThat(finding.status()).isEqualTo(DoctorReport.CheckStatus.OK);
    assertThat(finding.detail()).isEqualTo("embedded; serve will set it up");
    assertThat(data).isEmptyDirectory();
  }

  @Test
  void aStoppedClusterStaysStopped() throws IOException {
    cluster("18", "rwx------");
    assertThat(look().detail()).isEqualTo("embedded, 18, stopped");
  }

  @Test
  void theClusterOfAnotherMajorVersionIsMissingWithItsCure() throws IOException {
    cluster("17", "rwx------");
    CheckResult other = look();
    assertThat(other.status()).isEqualTo(DoctorReport.CheckStatus.MISSING);
    assertThat(other.detail()).contains("made by PostgreSQL 17").contains("includes PostgreSQL 18");
    assertThat(other.cure()).contains("pg_dump 17");
  }

  @Test
  void aClusterThatOthersMayReadIsRefusedAsPostgresDoes() throws IOException {
    Path cluster = cluster("18", "rwxr-xr-x");
    CheckResult open = look();
    assertThat(open.status()).isEqualTo(DoctorReport.CheckStatus.MISSING);
    assertThat(open.cure()).isEqualTo("chmod 700 " + cluster);
  }

  @Test
  void aLostPasswordAndADirectoryThatIsNoClusterAreMissing() throws IOException {
    Path cluster = cluster("18", "rwx------");
    Files.delete(data.resolve("postgres/password"));
    assertThat(look().detail()).endsWith("password is missing or not readable");
    Files.delete(cluster.resolve("PG_VERSION"));
    assertThat(look().detail()).contains("is not a PostgreSQL cluster");
  }

  private Path cluster(String major, String mode) throws IOException {
    Path cluster = Files.createDirectories(data.resolve("postgres/cluster"));
    Files.writeString(cluster.resolve("PG_VERSION"), major + "\n");
    Files.writeString(data.resolve("postgres/password"), "secret\n");
    Files.setPosixFilePermissions(cluster, PosixFilePermissions.fromString(mode));
    return cluster;
  }

  private CheckResult look() {
    List<CheckResult> findings = new Database.EmbeddedDatabase(data, Clock.systemUTC()).findings();
    assertThat(findings).hasSize(1);
    return findings.getFirst();
  }
}
