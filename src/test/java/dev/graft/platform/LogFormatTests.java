package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.TestProgram;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a line of the log looks like, as text and as JSON. */
class LogFormatTests {
  @TempDir Path directory;

  @Test
  void textHasTheFieldsAfterTheEvent() throws Exception {
    List<String> lines = logged();
    assertThat(lines.getFirst())
        .contains(" : job_claimed job=\"ftjob-1\" epoch=\"2\" ")
        .contains("request=req_1", "department=proj_1");
    assertThat(lines.get(1)).endsWith(" : trainer_failed job=\"ftjob-1\" errors=\"one | two\"");
    assertThat(lines).contains("java.lang.IllegalStateException: broken");
    assertThat(lines.getLast()).endsWith(" : worker_joined");
  }

  @Test
  void ecsHasThemAsMembers() throws Exception {
    List<String> lines = logged("--logging.structured.format.console=ecs");
    assertThat(lines).hasSize(3);
    JsonNode claimed = JsonMapper.shared().readTree(lines.getFirst());
    assertThat(claimed.path("ecs").path("version").asString()).startsWith("8.");
    assertThat(claimed.path("service").path("name").asString()).isEqualTo("graft");
    assertThat(claimed.path("message").asString()).isEqualTo("job_claimed");
    assertThat(claimed.path("job").asString()).isEqualTo("ftjob-1");
    assertThat(claimed.path("epoch").asInt()).isEqualTo(2);
    assertThat(claimed.path("request").asString()).isEqualTo("req_1");
    assertThat(claimed.path("department").asString()).isEqualTo("proj_1");
    JsonNode failed = JsonMapper.shared().readTree(lines.get(1));
    assertThat(failed.path("log").path("level").asString()).isEqualTo("WARN");
    assertThat(failed.path("errors").asString()).isEqualTo("one\ntwo");
    assertThat(failed.path("error").path("stack_trace").asString()).contains("broken");
  }

  @Test
  void consoleAndFileMayHaveOtherFormats() throws Exception {
    Path file = directory.resolve("graft.log");
    List<String> lines =
        logged("--logging.file.name=" + file, "--logging.structured.format.file=logstash");
    assertThat(lines.getFirst()).contains(" : job_claimed job=\"ftjob-1\"");
    JsonNode first = JsonMapper.shared().readTree(Files.readAllLines(file).getFirst());
    assertThat(first.path("@version").asString()).isEqualTo("1");
    assertThat(first.path("job").asString()).isEqualTo("ftjob-1");
    assertThat(first.path("request").asString()).isEqualTo("req_1");
  }

  /** On standard error: standard output is for results. */
  private List<String> logged(String... settings) throws Exception {
    Path output = directory.resolve("output");
    List<String> command =
        TestProgram.of(
            LoggedLines.class,
            "128m",
            Stream.concat(
                    Stream.of("--logging.config=classpath:logback-spring.xml"), Stream.of(settings))
                .toArray(String[]::new));
    Process program = new ProcessBuilder(command).redirectOutput(output.toFile()).start();
    List<String> lines = program.errorReader(StandardCharsets.UTF_8).lines().toList();
    assertThat(program.waitFor()).isZero();
    assertThat(output).isEmptyFile();
    return lines;
  }
}
