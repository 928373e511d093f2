package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.test.context.TestPropertySource;

/**
 * The official Python and JavaScript clients, unmodified: the scripts of docs/examples against a
 * started Graft. Only the profile {@code sdk} runs this: it needs both runtimes with the package
 * {@code openai}.
 */
@Tag("sdk")
@TestPropertySource(
    properties = {"graft.webhooks.allowed-networks=127.0.0.0/8", "graft.webhooks.allow-http=true"})
class SdkScriptsIT extends StartedGraft {
  private static final Path EXAMPLES = Path.of("docs/examples").toAbsolutePath();
  private static final String PYTHON = System.getProperty("python", "python3");

  @TempDir Path directory;
  private String key = "";

  @BeforeEach
  void aBaseAKeyAndRows() throws IOException {
    registerTiny();
    key = key("support");
    String row =
        "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},"
            + "{\"role\":\"assistant\",\"content\":\"ho\"}]}\n";
    Files.writeString(directory.resolve("rows.jsonl"), row.repeat(20));
  }

  @Test
  void pythonKeepsTheContract() throws Exception {
    String said = run(PYTHON, EXAMPLES + "/python/contract.py", "--model", "tiny");
    assertThat(said.lines().filter(line -> line.startsWith("kept"))).hasSize(9);
  }

  @Test
  void nodeKeepsTheContract() throws Exception {
    String said = run("node", EXAMPLES + "/node/contract.mjs", "tiny");
    assertThat(said.lines().filter(line -> line.startsWith("kept"))).hasSize(9);
  }

  @Test
  void thePythonExamplesWork() throws Exception {
    String rows = directory.resolve("rows.jsonl").toString();
    String main = EXAMPLES + "/python/main_job.py";
    assertThat(run(PYTHON, main, rows, "--model", "tiny", "--ask", "hi", "--epochs", "1"))
        .contains("file-", "ftjob-");
    run(PYTHON, EXAMPLES + "/python/chat.py", "--model", "tiny", "--ask", "hi");
  }

  @Test
  void thePythonReceiverIsToldAndBelievesIt() throws Exception {
    String said =
        run(
            PYTHON,
            EXAMPLES + "/python/webhooks.py",
            "http://127.0.0.1:8137/hooks",
            "--listen",
            "8137");
    assertThat(said)
        .contains("told        fine_tuning.job.succeeded  ftjob-sample-", "answered    204");
  }

  /** The program of the page, with nothing but this server's address, key and base put in. */
  @Test
  void theProgramOfTheMigrationPageWorks() throws Exception {
    String page = Files.readString(Path.of("docs/migrating-from-openai.md"));
    String program = page.split("```python\n")[1].split("```")[0];
    String here =
        program
            .replace("http://127.0.0.1:8080/v1", url() + "/v1")
            .replace("sk-graft-...", key)
            .replace("smollm2-135m", "tiny")
            .replace("train.jsonl", "rows.jsonl");
    Path script = Files.writeString(directory.resolve("program.py"), here);
    assertThat(run(PYTHON, script.toString())).contains("The job has successfully completed");
  }

  @Test
  void theNodeExampleWorks() throws Exception {
    String rows = directory.resolve("rows.jsonl").toString();
    assertThat(run("node", EXAMPLES + "/node/main_job.mjs", rows, "hi", "tiny"))
        .contains("file-", "ftjob-");
  }

  private String run(String... words) throws Exception {
    ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(List.of(words)));
    Path said = directory.resolve("said.txt");
    builder.directory(directory.toFile()).redirectErrorStream(true).redirectOutput(said.toFile());
    builder.environment().put("OPENAI_BASE_URL", url() + "/v1");
    builder.environment().put("OPENAI_API_KEY", key);
    Process process = builder.start();
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue()).as("%s", Files.readString(said)).isZero();
    return Files.readString(said);
  }
}
