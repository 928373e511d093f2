package dev.graft.training.fit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.process.ChildJvm;
import dev.graft.spec.request.TrainingSpecs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * The estimate beside the largest resident memory of a process that trains the demo model, with the
 * heap of a trainer. {@code bench/memory.py} does the same for larger models and other settings.
 */
class MeasuredMemoryIT {
  private static final Path DEMO = Path.of("src/main/resources/dev/graft/demo/base-model");
  private static final int ROWS = 16;
  private static final int TOKENS = 512;

  @ParameterizedTest
  @CsvSource({"off, false, 8", "on, true, 8", "off, false, 0"})
  void aRunTakesAsMuchAsIsEstimatedOrLess(String checkpointing, boolean again, int rank)
      throws Exception {
    long measured = measured(checkpointing, rank);
    assertThat(estimated(again, rank)).isBetween(measured, 3 * measured);
  }

  private static long estimated(boolean again, int rank) {
    String method =
        rank == 0 ? "\"method\": {\"type\": \"full\"}" : "\"peft\": {\"r\": %d}".formatted(rank);
    String adapter =
        """
        {%s, "training": {"max_length": %d, "per_device_train_batch_size": %d,
                          "gradient_checkpointing": %s}}
        """
            .formatted(method, TOKENS, ROWS, again);
    return TrainedParts.of(
            DEMO,
            TrainingSpecs.resolve(JsonMapper.shared().readTree(adapter), null, null, null),
            RowSizes.UNKNOWN)
        .memory()
        .bytes();
  }

  private static long measured(String checkpointing, int rank) throws Exception {
    List<String> program = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path")));
    program.add("dev.graft.cli.GraftCommand");
    program.addAll(List.of("bench", "train", "--json", "--model", DEMO.toString()));
    program.addAll(List.of("--batch", "" + ROWS, "--length", "" + TOKENS, "--steps", "1"));
    program.addAll(List.of("--checkpointing", checkpointing, "--rank", "" + rank));
    Process process =
        new ProcessBuilder(ChildJvm.of("512m", program))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String line = lastLine(process);
    assertThat(process.waitFor()).isZero();
    return JsonMapper.shared().readTree(line).path("peak_rss_mb").asLong() << 20;
  }

  private static String lastLine(Process process) throws IOException {
    String all = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return all.lines().reduce("", (before, line) -> line);
  }
}
