package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.ChildJvm;
import dev.graft.tiny.LargeTable;
import java.io.BufferedReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * A trainer in a JVM whose heap holds no copy of the token table, which alone is larger: Gemma 3
 * 270M (a table of 671 MB, moments of twice that) in the default heap of 512 MB is more yet, see
 * {@code LargeTableProof}.
 */
@Timeout(300)
class LargerThanTheHeapTests {
  private static final String HEAP = "80m";
  private static final int TOKENS = 131_072;
  private static final int WIDTH = 192;
  private static final long TABLE = 4L * TOKENS * WIDTH;

  @TempDir private Path directory;
  private Path base;
  private final List<TrainingEvent> events = new ArrayList<>();

  @BeforeEach
  void write() throws Exception {
    Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abc\"}\n");
  }

  @Test
  void everyParameterTrainsWithCheckpointResumeAndResult() throws Exception {
    base = LargeTable.write(directory.resolve("base"), TOKENS, WIDTH, true);
    String adapter = "{\"method\":{\"type\":\"full\"},\"training\":{\"max_steps\":%d%s}}";
    TrainerExit first = train(adapter.formatted(2, ",\"save_steps\":1"), null);
    assertThat(first).as("%s", events).isEqualTo(TrainerExit.DONE);
    Path checkpoint = directory.resolve("checkpoints/step-00000001");
    assertThat(Files.size(checkpoint.resolve("trained.safetensors"))).isGreaterThan(TABLE);
    assertThat(Files.size(checkpoint.resolve("optimizer.safetensors"))).isGreaterThan(2 * TABLE);
    Path whole = Files.move(directory.resolve("result"), directory.resolve("whole"));
    TrainerExit second = train(adapter.formatted(2, ",\"save_steps\":1"), checkpoint);
    assertThat(second).as("%s", events).isEqualTo(TrainerExit.DONE);
    Path resumed = directory.resolve("result/model.safetensors");
    assertThat(resumed).hasSameBinaryContentAs(whole.resolve("model.safetensors"));
    assertThat(Files.size(resumed)).isGreaterThan(TABLE);
  }

  /** PEFT saves an adapted table beside its factors, and the merged model has both anew. */
  @Test
  void adaptedTablesAreSavedAndMerged() throws Exception {
    base = LargeTable.write(directory.resolve("base"), TOKENS, WIDTH, false);
    TrainerExit exit =
        train(
            "{\"peft\":{\"r\":8,\"target_modules\":[\"embed_tokens\",\"lm_head\"]},"
                + "\"training\":{\"max_steps\":1,\"learning_rate\":0.1},\"output\":{\"merged\":true}}",
            null);
    assertThat(exit).as("%s", events).isEqualTo(TrainerExit.DONE);
    Path result = directory.resolve("result");
    assertThat(Files.size(result.resolve("adapter_model.safetensors"))).isGreaterThan(2 * TABLE);
    Path merged = result.resolve("merged/model.safetensors");
    assertThat(Files.size(merged)).isGreaterThan(2 * TABLE);
    assertThat(Files.mismatch(merged, base.resolve("model.safetensors"))).isPositive();
  }

  private TrainerExit train(String adapter, @Nullable Path resumeFrom) throws Exception {
    events.clear();
    Process trainer =
        new ProcessBuilder(ChildJvm.ofThisProgram(HEAP, "trainer"))
            .redirectError(directory.resolve("errors.log").toFile())
            .start();
    RunRequest request =
        new RunRequest(
            JsonMapper.shared().readTree(adapter),
            42,
            new RunRequest.Base(base, "large"),
            new RunRequest.Data(directory.resolve("rows.jsonl"), null),
            new RunRequest.Directories(
                directory.resolve("result"), directory.resolve("checkpoints"), resumeFrom),
            null,
            new RunRequest.Machine("cpu", 1));
    try (OutputStream in = trainer.getOutputStream();
        BufferedReader lines = trainer.inputReader(StandardCharsets.UTF_8)) {
      in.write((ProtocolLines.write(request) + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        events.add(ProtocolLines.readEvent(line));
      }
    }
    return TrainerExit.of(trainer.waitFor());
  }
}
