package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.ShownCommand;
import dev.graft.artifacts.hub.HubDouble;
import dev.graft.openai.GraftProgram.Ran;
import dev.graft.tiny.TinyLlama;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The README's way from an empty machine to an adapter of a model of the hub, as programs of their
 * own: on a data directory that is not there, without a key or a login.
 */
class ThreeCommandsIT {
  private static final String HUB_MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct";

  @TempDir Path directory;

  @Test
  void aServerAModelOfTheHubAndAJob() throws Exception {
    Files.createDirectories(directory.resolve("docs/examples"));
    Path rows = Path.of("docs/examples/support.jsonl");
    Files.copy(rows, directory.resolve(rows));
    try (HubDouble hub = new HubDouble()) {
      hub.add(HUB_MODEL, TinyLlama.write(directory.resolve("model"), 1));
      Map<String, String> environment = new HashMap<>();
      environment.put("HF_ENDPOINT", hub.url().toString());
      environment.put("GRAFT_CHILDREN_USER", "none");
      GraftProgram graft = new GraftProgram(directory);
      List<List<String>> commands = commands();
      List<String> serve = new ArrayList<>(commands.removeFirst());
      serve.addAll(List.of("--port", "0"));
      // Beside the API document, which tests hold the server to.
      ProcessBuilder program = graft.builder(environment, serve).directory(new File("."));
      Path log = directory.resolve("server.log");
      Process server = program.redirectErrorStream(true).redirectOutput(log.toFile()).start();
      try {
        await()
            .atMost(Duration.ofMinutes(2))
            .until(
                () -> Files.readString(log).contains("Graft is running at") || !server.isAlive());
        // Whoever has a key of some server is given none of another.
        Map<String, String> keyed = new HashMap<>(environment);
        keyed.put("GRAFT_API_KEY", "another");
        assertThat(graft.run(keyed, "", List.of("jobs", "list")).error())
            .contains("run graft login --server URL");
        Ran last = null;
        for (List<String> command : commands) {
          last = graft.run(environment, "", command);
          assertThat(last.status()).as("%s: %s", command, last.error()).isZero();
        }
        assertThat(last.error()).contains("has created a key for the department default");
        assertThat(last.out()).contains("ft:smollm2-135m:default:");
        Ran listed = graft.run(environment, "", List.of("adapters", "list"));
        assertThat(listed.out()).contains("ft:smollm2-135m:default:");
        assertThat(listed.error()).isEmpty();
      } finally {
        server.destroy();
        assertThat(server.waitFor(1, TimeUnit.MINUTES)).isTrue();
      }
    }
  }

  /** The first block of commands of the README. */
  private static List<List<String>> commands() throws IOException {
    String page = Files.readString(Path.of("README.md"));
    int from = page.indexOf("## A real model in three commands");
    String section = page.substring(from, page.indexOf("```\n", page.indexOf("```bash", from)) + 4);
    List<List<String>> commands = new ArrayList<>();
    ShownCommand.inBlocks("README.md", section).forEach(each -> commands.add(each.arguments()));
    assertThat(commands).hasSize(3);
    return commands;
  }
}
