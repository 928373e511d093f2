package dev.graft.cli.doctor;

import dev.graft.worker.StopTimes.WorkerStop;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.springframework.core.env.Environment;

/** How long this worker may take to stop, which whatever ends it must wait for. */
record StopLimit(Environment settings) implements Check {
  private static final String WAIT =
      "; TimeoutStopSec (systemd), stop_grace_period (Compose) or terminationGracePeriodSeconds"
          + " (Kubernetes) must be longer";

  @Override
  public String name() {
    return "stop";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    WorkerStop stop = WorkerStop.of(settings);
    String measured =
        stop.longest()
            .map(
                longest ->
                    "steps of up to %s and checkpoints of up to %s were measured"
                        .formatted(seconds(longest.step()), seconds(longest.checkpoint())))
            .orElse("nothing was measured yet");
    return List.of(
        CheckResult.ok(
            name(),
            "a stop waits for the step under way and its checkpoint, at most %s: %s%s"
                .formatted(seconds(stop.limit()), measured, WAIT)));
  }

  private static String seconds(Duration time) {
    return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1e3).replace(".0 s", " s");
  }
}
