package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.openai.GraftProgram.Ran;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.core.env.Environment;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code graft doctor} as a program of its own, beside a started Graft. */
class DoctorIT extends StartedGraft {
  @TempDir Path directory;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired Environment settings;

  @Test
  void theDoctorLooksAtAGraftThatRunsAndChangesNothing() throws Exception {
    String key = keys.create(departments.ensure("support"), Caller.Scope.USER).secret();
    graft(key + "\n", "login", "--server", url());
    String password = String.valueOf(settings.getProperty("spring.datasource.password"));
    Files.writeString(
        directory.resolve("graft.properties"),
        "spring.datasource.url=%s\nspring.datasource.username=%s\nspring.datasource.password=%s\n"
            .formatted(
                settings.getProperty("spring.datasource.url"),
                settings.getProperty("spring.datasource.username"),
                password));
    String port = String.valueOf(URI.create(url()).getPort());
    Ran well =
        graft("", ("doctor --config graft.properties --data-dir data --port " + port).split(" "));
    assertThat(well.out()).contains("all", " is in use by a running Graft", "accepted by " + url());
    assertThat(well.out()).doesNotContain(password);
    assertThat(well.out().lines().toList().getLast()).matches("\\d+ ok, \\d warnings?, 0 missing");
    assertThat(well.status()).as(well.out()).isZero();
    assertThat(directory.resolve("data")).doesNotExist();
  }

  @Test
  void theDoctorSaysWhatIsMissingAndItsCure() throws Exception {
    Path cluster = Files.createDirectories(directory.resolve("data/postgres/cluster"));
    Files.writeString(cluster.resolve("PG_VERSION"), "17\n");
    Ran ran = graft("", "doctor --json --port 0 --data-dir data".split(" "));
    assertThat(ran.status()).isEqualTo(3);
    JsonNode report = JsonMapper.shared().readTree(ran.out());
    assertThat(report.path("missing").asInt()).isOne();
    List<JsonNode> findings = report.path("findings").valueStream().toList();
    assertThat(findings.stream().filter(f -> f.path("status").asString().equals("ok")))
        .hasSize(report.path("ok").asInt());
    assertThat(findings)
        .filteredOn(finding -> finding.path("status").asString().equals("missing"))
        .singleElement()
        .satisfies(
            finding -> {
              assertThat(finding.path("name").asString()).isEqualTo("postgresql");
              assertThat(finding.path("cure").asString()).contains("pg_dump 17");
            });
  }

  private Ran graft(String input, String... arguments) throws Exception {
    return new GraftProgram(directory).run(input, List.of(arguments));
  }
}
