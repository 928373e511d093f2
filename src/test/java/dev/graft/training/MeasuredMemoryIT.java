package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.graft.platform.ChildJvm;
import dev.graft.spec.TrainingSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The estimate beside the largest resident memory of a process that trains the demo model, with the
 * heap of a trainer. {@code bench/memory.py} does the same for larger models and other settings.
 */
class MeasuredMemoryIT {
  private static final Path DEMO = Path.of("src/main/resources/dev/graft/client/base-model");
  private static final Pattern LARGEST = Pattern.compile("VmHWM:\\s*(\\d+) kB");
  private static final int ROWS = 16;
  private static final int STEPS = 4;
  private static final int EVERY_MS = 20;
  private static final String TRAINING =
      """
      {%s, "training": {"max_length": 512, "per_device_train_batch_size": %d, "max_steps": %d,
                        "save_steps": 0, "save_minutes": 0, "gradient_checkpointing": %s}}
      """;

  @TempDir private Path directory;

  /** Rows differ from their first token on, and are cut: nothing of them is computed once. */
  @BeforeEach
  void rowsOfFullLength() throws IOException {
    assumeThat(Path.of("/proc/self/status")).exists();
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < ROWS * STEPS; i++) {
      rows.add("{\"text\": \"%s\"}".formatted((i + " and so on, ").repeat(300)));
    }
    Files.write(directory.resolve("rows.jsonl"), rows);
  }

  @Test
  void loraTakesAsMuchAsIsEstimatedOrLess() throws Exception {
    assertEstimated("\"peft\": {\"r\": 8}", false);
  }

  @Test
  void withLayersComputedAgain() throws Exception {
    assertEstimated("\"peft\": {\"r\": 8}", true);
  }

  @Test
  void fullFineTuning() throws Exception {
    assertEstimated("\"method\": {\"type\": \"full\"}", false);
  }

  private void assertEstimated(String method, boolean again) throws Exception {
    JsonNode adapter = JsonMapper.shared().readTree(TRAINING.formatted(method, ROWS, STEPS, again));
    long estimated =
        TrainedParts.of(DEMO, TrainingSpec.resolve(adapter, null, null, null), RowSizes.UNKNOWN)
            .memory()
            .bytes();
    long measured = measured(adapter, estimated);
    assertThat(estimated).isBetween(measured, 3 * measured);
  }

  /**
   * @param budget with more than is estimated weights may lie in memory twice
   */
  private long measured(JsonNode adapter, long budget) throws Exception {
    Path spec = directory.resolve("spec.json");
    JsonMapper.shared()
        .writeValue(
            spec,
            Map.of(
                "base_model",
                DEMO.toString(),
                "training_file",
                directory.resolve("rows.jsonl").toString(),
                "adapter",
                adapter));
    List<String> program = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path")));
    program.addAll(List.of("dev.graft.cli.GraftCommand", "train", spec.toString()));
    program.addAll(List.of("--out", directory.resolve("out").toString()));
    program.addAll(List.of("--memory-budget", (budget >> 20) + "m"));
    Process process =
        new ProcessBuilder(ChildJvm.of("512m", program))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .redirectError(directory.resolve("log").toFile())
            .start();
    long largest = 0;
    while (!process.waitFor(EVERY_MS, TimeUnit.MILLISECONDS)) {
      largest = Math.max(largest, largest(process.pid()));
    }
    assertThat(process.exitValue()).as(Files.readString(directory.resolve("log"))).isZero();
    return largest;
  }

  /** Linux tells the largest of all; 0 once the process has ended. */
  private static long largest(long process) {
    try {
      Matcher field = LARGEST.matcher(Files.readString(Path.of("/proc/" + process + "/status")));
      return field.find() ? Long.parseLong(field.group(1)) * 1024 : 0;
    } catch (IOException ended) {
      return 0;
    }
  }
}
