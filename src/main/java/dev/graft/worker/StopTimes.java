package dev.graft.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The longest step and the longest checkpoint of this worker's runs since it started, kept in a
 * small file, so that whoever sets how long a stop may take can read them.
 */
final class StopTimes {
  private static final Logger log = LoggerFactory.getLogger(StopTimes.class);
  private static final String FILE = "stop-times.json";
  private static final int MARGIN = 3;

  /**
   * What was measured.
   *
   * @param step of one optimiser step
   * @param checkpoint writing one and sending it to the server
   */
  public record Longest(Duration step, Duration checkpoint) {
    static final Longest NONE = new Longest(Duration.ZERO, Duration.ZERO);

    /** Whether it is worth a write: a tenth more, or a hundredth of a second. */
    private boolean exceeds(Longest written) {
      return exceeds(step, written.step) || exceeds(checkpoint, written.checkpoint);
    }

    private static boolean exceeds(Duration now, Duration before) {
      return now.toMillis() > before.toMillis() * 11 / 10 + 10;
    }
  }

  private final Path file;
  private Longest longest = Longest.NONE;
  private Longest written = Longest.NONE;

  /**
   * @param directory the worker's
   */
  public StopTimes(Path directory) {
    this.file = directory.resolve(FILE);
  }

  /** How long a run may take to stop whose longest step and checkpoint took so long. */
  public static Duration limit(Duration atLeast, Duration step, Duration checkpoint) {
    Duration measured = step.plus(checkpoint).multipliedBy(MARGIN);
    return measured.compareTo(atLeast) > 0 ? measured : atLeast;
  }

  synchronized void step(Duration took) {
    if (took.compareTo(longest.step) > 0) keep(new Longest(took, longest.checkpoint));
  }

  synchronized void checkpoint(Duration took) {
    if (took.compareTo(longest.checkpoint) > 0) keep(new Longest(longest.step, took));
  }

  private void keep(Longest now) {
    longest = now;
    if (!now.exceeds(written)) return;
    written = now;
    String json =
        JsonMapper.shared()
            .createObjectNode()
            .put("step_ms", now.step.toMillis())
            .put("checkpoint_ms", now.checkpoint.toMillis())
            .toString();
    try {
      Path part = Files.writeString(file.resolveSibling(FILE + ".part"), json);
      Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      log.atWarn().addKeyValue("cause", e.getMessage()).log("stop_times_not_kept");
    }
  }

  /** Of the worker of that directory, since its last start that trained; empty if none did. */
  public static Optional<Longest> of(Path directory) throws IOException {
    Path file = directory.resolve(FILE);
    if (!Files.isRegularFile(file)) return Optional.empty();
    try {
      JsonNode json = JsonMapper.shared().readTree(Files.readString(file));
      return Optional.of(
          new Longest(
              Duration.ofMillis(json.path("step_ms").asLong(0)),
              Duration.ofMillis(json.path("checkpoint_ms").asLong(0))));
    } catch (JacksonException damaged) {
      return Optional.empty();
    }
  }
}
