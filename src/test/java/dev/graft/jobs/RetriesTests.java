package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.JobRows.JobRow;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure.Kind;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RetriesTests {
  private final LeaseDesk.Retries retries =
      new LeaseDesk.Retries(
          new JobProperties(
              Duration.ofSeconds(60),
              Duration.ofSeconds(10),
              Duration.ofSeconds(5),
              3,
              Duration.ofSeconds(30),
              Duration.ofSeconds(50),
              3,
              Duration.ofSeconds(1),
              5_000_000_000L,
              64,
              null,
              Duration.ofHours(2),
              8,
              new Claims.FairShare(Duration.ofDays(7), Duration.ofSeconds(60)),
              new JobProperties.EventStreams(Duration.ofSeconds(1), Duration.ofSeconds(15), 1, 1)));

  @Test
  void transientFailureIsTriedThriceWithAGrowingDelay() {
    assertThat(after(Kind.TRANSIENT, new JobRow.Tries(0, 0, 0, 0)))
        .isEqualTo(Duration.ofSeconds(30));
    assertThat(after(Kind.TRANSIENT, new JobRow.Tries(1, 0, 0, 0)))
        .isEqualTo(Duration.ofSeconds(50));
    assertThat(after(Kind.TRANSIENT, new JobRow.Tries(2, 0, 0, 0))).isNull();
  }

  @Test
  void aTrainerThatHangsIsTriedAgainAndOneThatHadItsTimeIsNot() {
    assertThat(after(Kind.NO_PROGRESS, new JobRow.Tries(0, 0, 0, 0)))
        .isEqualTo(Duration.ofSeconds(30));
    assertThat(after(Kind.NO_PROGRESS, new JobRow.Tries(2, 0, 0, 0))).isNull();
    assertThat(after(Kind.TIME_LIMIT, new JobRow.Tries(0, 0, 0, 0))).isNull();
  }

  @Test
  void badInputIsFinal() {
    assertThat(after(Kind.BAD_INPUT, new JobRow.Tries(0, 0, 0, 0))).isNull();
  }

  @Test
  void memoryIsTriedOnceMore() {
    assertThat(after(Kind.OUT_OF_MEMORY, new JobRow.Tries(2, 0, 0, 0))).isZero();
    assertThat(after(Kind.OUT_OF_MEMORY, new JobRow.Tries(0, 1, 0, 0))).isNull();
  }

  @Test
  void killedTrainerIsTriedAgainUntilItIsTheJobEveryTime() {
    assertThat(after(Kind.WORKER_LOST, new JobRow.Tries(2, 0, 1, 1))).isZero();
    assertThat(after(Kind.WORKER_LOST, new JobRow.Tries(0, 0, 2, 2))).isNull();
  }

  @Test
  void lossesThatOthersMayHaveCausedEndAJobThreeTimesAsLate() {
    assertThat(after(Kind.WORKER_LOST, new JobRow.Tries(0, 0, 7, 0))).isZero();
    assertThat(after(Kind.WORKER_LOST, new JobRow.Tries(0, 0, 8, 0))).isNull();
  }

  private @Nullable Duration after(Kind kind, JobRow.Tries before) {
    return retries.after(new TrainingFailure(kind, "broke", null, null), before);
  }
}
