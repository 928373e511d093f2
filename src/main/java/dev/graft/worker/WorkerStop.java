package dev.graft.worker;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;

/**
 * How long a worker may take to stop while it trains.
 *
 * @param drainGrace what it gives every run, at least
 * @param longest what steps and checkpoints have taken here; empty before the first
 */
public record WorkerStop(Duration drainGrace, Optional<Longest> longest) {
  /**
   * Since the worker's last start.
   *
   * @param checkpoint writing one and sending it to the server
   */
  public record Longest(Duration step, Duration checkpoint) {}

  /** How long one may take that trains as those did. */
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
    return new WorkerStop(
        settings.drainGrace(),
        StopTimes.of(settings.directory())
            .map(measured -> new Longest(measured.step(), measured.checkpoint())));
  }
}
