package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.training.TrainingEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopTimeTests {
  private static final Duration GRACE = Duration.ofSeconds(15);

  @TempDir Path directory;

  @Test
  void aStopMayTakeThreeOfTheLongestStepsAndCheckpointsAndNeverLessThanTheGrace()
      throws IOException {
    StopTimes.StopTime time = new StopTimes.StopTime(new StopTimes(directory));
    assertThat(StopTimes.of(directory)).isEmpty();
    heard(time, new TrainingEvent.Started(0, 3, 1, 8, 0, 0, 80, 40, 10, 4, null), 100);
    assertThat(time.limit(GRACE)).isEqualTo(GRACE);
    heard(time, progress(1), 104); // 4 s
    assertThat(time.limit(GRACE)).isEqualTo(GRACE);
    heard(time, new TrainingEvent.Evaluating(1), 104);
    heard(time, new TrainingEvent.Evaluated(1, 1, 1, Map.of()), 164); // is broken off by a stop
    heard(time, progress(2), 184); // 20 s
    assertThat(time.limit(GRACE)).isEqualTo(Duration.ofSeconds(60));
    heard(time, new TrainingEvent.Checkpoint(2, "there"), 187);
    time.sent(TimeUnit.SECONDS.toNanos(189)); // 3 s to write, 2 s to send
    assertThat(time.limit(GRACE)).isEqualTo(Duration.ofSeconds(75));
    assertThat(StopTimes.of(directory))
        .hasValue(new StopTimes.Longest(Duration.ofSeconds(20), Duration.ofSeconds(5)));
    heard(time, progress(3), 190);
    assertThat(time.limit(GRACE)).isNull(); // the result is written
  }

  private static void heard(StopTimes.StopTime time, TrainingEvent event, long seconds) {
    time.heard(event, TimeUnit.SECONDS.toNanos(seconds));
  }

  private static TrainingEvent.Progress progress(int step) {
    var tokens = new TrainingEvent.StepTokens(80, 60, 40);
    return new TrainingEvent.Progress(step, 3, 1, 1, 1, 0.1, tokens, 100, 40, 0.5, Map.of());
  }
}
