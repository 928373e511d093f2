package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.ChildJvm;
import dev.graft.tiny.TinyLlama;
import java.io.BufferedReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

@Timeout(300)
class TrainerCommandTests {
  @TempDir private Path directory;

  /** systemd sends SIGTERM to every process of a service at once. */
  @Test
  void atSigtermATrainerMakesACheckpointToo() throws Exception {
    Process trainer =
        new ProcessBuilder(ChildJvm.ofThisProgram("256m", "trainer"))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    TrainingEvent last = null;
    try (OutputStream in = trainer.getOutputStream();
        BufferedReader events = trainer.inputReader(StandardCharsets.UTF_8)) {
      in.write((ProtocolLines.write(request()) + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
      for (String line = events.readLine(); line != null; line = events.readLine()) {
        last = ProtocolLines.readEvent(line);
        if (last instanceof TrainingEvent.Progress made && made.step() == 2)
          trainer.toHandle().destroy(); // that of Process closes its streams too
      }
    }
    assertThat(TrainerExit.of(trainer.waitFor())).isEqualTo(TrainerExit.STOPPED_AFTER_CHECKPOINT);
    assertThat(last).isInstanceOf(TrainingEvent.Checkpoint.class);
  }

  private RunRequest request() throws Exception {
    Path base = TinyLlama.write(directory.resolve("base"), 1);
    Path rows = Files.writeString(directory.resolve("rows.jsonl"), "{\"text\":\"abc\"}\n");
    return new RunRequest(
        JsonMapper.shared().readTree("{\"training\":{\"max_steps\":1000000}}"),
        42,
        new RunRequest.Base(base, "tiny"),
        new RunRequest.Data(rows, null),
        new RunRequest.Directories(
            directory.resolve("result"), directory.resolve("checkpoints"), null),
        null,
        new RunRequest.Machine("cpu", 1));
  }
}
