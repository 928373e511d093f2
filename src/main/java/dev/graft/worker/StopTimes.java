package dev.graft.worker;

import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The longest step and the longest checkpoint of this worker's runs since it started. A small file
 * keeps them for operators, who configure how long a stop may take.
 */
public final class StopTimes {
  private static final Logger log = LoggerFactory.getLogger(StopTimes.class);
  private static final String FILE = "stop-times.json";
  private static final int MARGIN = 3;

  /**
   * The longest durations.
   *
   * @param step of one optimiser step
   * @param checkpoint of writing one and sending it to the server
   */
  public record Longest(Duration step, Duration checkpoint) {
    static final Longest NONE = new Longest(Duration.ZERO, Duration.ZERO);

    /** Returns whether it is worth a write: longer by a tenth and 10 ms. */
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
   * @param directory of the worker
   */
  public StopTimes(Path directory) {
    this.file = directory.resolve(FILE);
  }

  /** Returns how long a run with this longest step and checkpoint may take to stop. */
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

  /** Reads the file of a worker's directory; empty if the worker has not trained yet. */
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

  /** Derives how long a run may take to stop from its steps and checkpoints so far. */
  static final class StopTime {
    private final StopTimes longest;
    private long last;
    private long step;
    private long checkpoint;
    private long writing;
    private boolean finishing;

    /**
     * @param longest is updated with every step and checkpoint
     */
    StopTime(StopTimes longest) {
      this.longest = longest;
    }

    /**
     * @param now {@link System#nanoTime}
     */
    synchronized void heard(TrainingEvent event, long now) {
      if (event instanceof TrainingEvent.Progress made) {
        step = Math.max(step, now - last);
        longest.step(Duration.ofNanos(now - last));
        finishing = made.step() == made.totalSteps();
      }
      if (event instanceof TrainingEvent.Checkpoint) writing = now - last;
      last = now;
    }

    /** The last checkpoint was sent, or could not be. */
    synchronized void sent(long now) {
      long took = writing + now - last;
      checkpoint = Math.max(checkpoint, took);
      longest.checkpoint(Duration.ofNanos(took));
      last = now;
    }

    /**
     * Returns how long a trainer may take to end by itself: a few steps and checkpoints. Null after
     * the last step, because it then writes its result, whose time is not known.
     */
    synchronized @Nullable Duration limit(Duration atLeast) {
      if (finishing) return null;
      return StopTimes.limit(atLeast, Duration.ofNanos(step), Duration.ofNanos(checkpoint));
    }
  }

  /**
   * How long a worker may take to stop while it trains.
   *
   * @param drainGrace the time that every run may take at least
   * @param longest the longest step and checkpoint since the worker's last start; empty = none yet
   */
  public record WorkerStop(Duration drainGrace, Optional<Longest> longest) {
    /** Returns how long the worker may take to stop during a run like those before. */
    public Duration limit() {
      return longest
          .map(measured -> StopTimes.limit(drainGrace, measured.step(), measured.checkpoint()))
          .orElse(drainGrace);
    }

    /**
     * @param environment with {@code graft.worker.*}
     */
    public static WorkerStop of(Environment environment) throws IOException {
      WorkerProperties settings =
          Binder.get(environment).bindOrCreate("graft.worker", WorkerProperties.class);
      return new WorkerStop(settings.drainGrace(), StopTimes.of(settings.directory()));
    }
  }
}
