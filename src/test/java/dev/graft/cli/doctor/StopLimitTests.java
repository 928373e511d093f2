package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.core.env.MapPropertySource;
import org.springframework.core.env.StandardEnvironment;

class StopLimitTests {
  @TempDir Path directory;

  @Test
  void beforeAnythingWasMeasuredItIsTheGraceOfTheSettings() throws IOException {
    assertThat(told("10m"))
        .startsWith(
            "a stop waits up to 600 s for the current step and its checkpoint: nothing has been"
                + " measured yet; TimeoutStopSec (systemd), ");
  }

  @Test
  void whatWasMeasuredIsToldAndMakesItLonger() throws IOException {
    Files.writeString(
        directory.resolve("stop-times.json"), "{\"step_ms\":20500,\"checkpoint_ms\":4000}");
    assertThat(told("10m"))
        .contains(
            "a stop waits up to 600 s for the current step and its checkpoint: steps of up to 20.5"
                + " s and checkpoints of up to 4 s were measured");
    assertThat(told("15s")).contains("up to 73.5 s");
    Files.writeString(directory.resolve("stop-times.json"), "{");
    assertThat(told("15s"))
        .contains("up to 15 s for the current step", "nothing has been measured yet");
  }

  private String told(String grace) throws IOException {
    StandardEnvironment settings = new StandardEnvironment();
    settings
        .getPropertySources()
        .addFirst(
            new MapPropertySource(
                "test",
                Map.of(
                    "graft.worker.directory",
                    directory.toString(),
                    "graft.worker.drain-grace",
                    grace)));
    return new MachineChecks.StopLimit(settings).findings().getFirst().detail();
  }
}
