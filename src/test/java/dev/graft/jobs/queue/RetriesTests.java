package dev.graft.jobs.queue;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.JobState;
import dev.graft.jobs.desk.Retries;
import dev.graft.jobs.lease.TrainingFailure;
import dev.graft.jobs.lease.TrainingFailure.Kind;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RetriesTests {
  private static final String EIGHT_ROWS = "{\"training\":{\"per_device_train_batch_size\":8}}";
  private static final String ONE_ROW = "{\"training\":{\"per_device_train_batch_size\":1}}";

  private final Retries retries =
      new Retries(
          new JobProperties(
              Duration.ofSeconds(60),
              Duration.ofSeconds(10),
              Duration.ofSeconds(5),
              3,
              Duration.ofSeconds(30),
              Duration.ofSeconds(50),
              3,
              Duration.ofSeconds(1),
              FairShare.DEFAULT,
              new JobProperties.EventStreams(Duration.ofSeconds(1), Duration.ofSeconds(15), 1, 1)));

  @Test
  void transientFailureIsTriedThriceWithAGrowingDelay() {
    assertThat(after(Kind.TRANSIENT, job(0, 0, 0, EIGHT_ROWS))).isEqualTo(Duration.ofSeconds(30));
    assertThat(after(Kind.TRANSIENT, job(1, 0, 0, EIGHT_ROWS))).isEqualTo(Duration.ofSeconds(50));
    assertThat(after(Kind.TRANSIENT, job(2, 0, 0, EIGHT_ROWS))).isNull();
  }

  @Test
  void badInputIsFinal() {
    assertThat(after(Kind.BAD_INPUT, job(0, 0, 0, EIGHT_ROWS))).isNull();
  }

  @Test
  void memoryIsTriedOnceMoreIfTheMicroBatchCanShrink() {
    assertThat(after(Kind.OUT_OF_MEMORY, job(2, 0, 0, EIGHT_ROWS))).isZero();
    assertThat(after(Kind.OUT_OF_MEMORY, job(0, 1, 0, EIGHT_ROWS))).isNull();
    assertThat(after(Kind.OUT_OF_MEMORY, job(0, 0, 0, ONE_ROW))).isNull();
  }

  @Test
  void killedTrainerIsTriedAgainUntilItIsTheJobEveryTime() {
    assertThat(after(Kind.WORKER_LOST, job(2, 0, 1, EIGHT_ROWS))).isZero();
    assertThat(after(Kind.WORKER_LOST, job(0, 0, 2, EIGHT_ROWS))).isNull();
  }

  private @Nullable Duration after(Kind kind, JobRow job) {
    return retries.after(new TrainingFailure(kind, "broke", null, null), job);
  }

  private static JobRow job(int failures, int memoryFailures, int losses, String adapter) {
    return new JobRow(
        "ftjob-1",
        "proj_1",
        "support",
        Instant.EPOCH,
        JobState.RUNNING,
        "base",
        "a".repeat(64),
        null,
        "file-1",
        null,
        null,
        42,
        "{}",
        "{}",
        adapter,
        null,
        new JobRow.Demand(0, 0),
        failures,
        memoryFailures,
        losses,
        false,
        false,
        null,
        new JobRow.Removed(null, null),
        null,
        null,
        List.of(),
        null,
        new JobRow.Progress(0, null, null, null, 0),
        null,
        null,
        null,
        null,
        null,
        null,
        0,
        "[]");
  }
}
