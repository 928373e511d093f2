package dev.graft.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.core.env.Environment;
import picocli.CommandLine;

/** A bundle of a server that runs has what helps, and none of the secrets that were planted. */
@GraftIT
class SupportBundleIT {
  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired Environment server;

  @Test
  void aBundleHasWhatHelpsAndNoSecret() throws Exception {
    Path log =
        Files.writeString(
            directory.resolve("graft.log"),
            """
            job_claimed job="ftjob-1" epoch="1"
            an earlier mistake logged Bearer sk-graft-plantedplantedplantedplanted
            connecting to jdbc:postgresql://graft:planted-in-url@db/graft with planted-ssl-word
            """);
    Path config = Files.writeString(directory.resolve("graft.yml"), settings(log));
    Path data = Files.createDirectory(directory.resolve("data"));
    Path out = directory.resolve("bundle.zip");
    assertThat(run(out, config, data)).isZero();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(out)))
        .isEqualTo("rw-------");
    Map<String, String> entries = entries(out);
    assertThat(entries.keySet())
        .containsExactlyInAnyOrder(
            "versions.txt",
            "doctor.txt",
            "settings.txt",
            "health.txt",
            "metrics.txt",
            "queue.txt",
            "log.txt");
    assertThat(entries)
        .allSatisfy((name, text) -> assertThat(text).as(name).doesNotContain("planted"));
    assertThat(entries.get("settings.txt"))
        .contains("graft.jobs.lease-ttl=45s\n", "graft.tenancy.admin-key=******\n")
        .contains("graft.webhooks.encryption-key=******\n");
    // Rows that other tests have left may contradict each other.
    assertThat(entries.get("health.txt"))
        .contains("/readyz 200\n{\"status\":\"UP\"}")
        .containsPattern("/actuator/health (200|503)\\R\\{");
    assertThat(entries.get("metrics.txt")).contains("management.server.port is not set");
    assertThat(entries.get("queue.txt"))
        .contains("# jobs\n", "# live leases\n", "# migrations\n")
        .doesNotContain("cannot be read");
    assertThat(entries.get("doctor.txt")).contains("postgresql", "libtorch");
    assertThat(entries.get("log.txt")).contains("job_claimed job=\"ftjob-1\" epoch=\"1\"\n");
    assertThat(run(out, config, data)).isEqualTo(2); // it is there already
  }

  private String settings(Path log) {
    return """
    server.port: %d
    graft.jobs.lease-ttl: 45s
    graft.tenancy.admin-key: sk-graft-planted-planted-planted-planted-planted-planted
    graft.webhooks.encryption-key: cGxhbnRlZC1wbGFudGVkLXBsYW50ZWQtcGxhbnRlZC0=planted
    graft.worker.join-token: short-planted
    logging.file.name: %s
    spring.datasource:
      url: "%s"
      username: "%s"
      password: "%s"
      hikari.data-source-properties.sslpassword: planted-ssl-word
    """
        .formatted(
            port,
            log,
            server.getProperty("spring.datasource.url"),
            server.getProperty("spring.datasource.username"),
            server.getProperty("spring.datasource.password"));
  }

  private static int run(Path out, Path config, Path data) {
    StringWriter said = new StringWriter();
    int status =
        new CommandLine(new SupportBundleCommand())
            .setOut(new PrintWriter(said))
            .setErr(new PrintWriter(said))
            .setCaseInsensitiveEnumValuesAllowed(true)
            .execute("--out=" + out, "--role=server", "--config=" + config, "--data-dir=" + data);
    if (status == 0) assertThat(said.toString().strip()).isEqualTo(out.toString());
    return status;
  }

  private static Map<String, String> entries(Path file) throws IOException {
    Map<String, String> entries = new TreeMap<>();
    try (ZipInputStream zip = new ZipInputStream(Files.newInputStream(file))) {
      for (ZipEntry each = zip.getNextEntry(); each != null; each = zip.getNextEntry()) {
        entries.put(each.getName(), new String(zip.readAllBytes(), StandardCharsets.UTF_8));
      }
    }
    return entries;
  }
}
