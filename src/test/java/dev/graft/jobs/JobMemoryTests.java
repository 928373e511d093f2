package dev.graft.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.JobNeeds.JobMemory;
import dev.graft.training.MemoryNeed;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class JobMemoryTests {
  @Test
  void numbersAreRoundedUpByASixteenthAtMost() {
    Random random = new Random(1);
    for (int i = 0; i < 1000; i++) {
      long bytes = random.nextLong(1, 1L << 50);
      assertThat(JobMemory.rounded(bytes)).isBetween(bytes, bytes + bytes / 16);
      assertThat(JobMemory.rounded(JobMemory.rounded(bytes))).isEqualTo(JobMemory.rounded(bytes));
    }
    assertThat(JobMemory.rounded(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void betweenTwoPowersOfTwoThereAreSixteen() {
    Set<Long> sizes =
        LongStream.range(1L << 30, 1L << 31)
            .filter(bytes -> bytes % 1_000_003 == 0)
            .map(JobMemory::rounded)
            .boxed()
            .collect(Collectors.toSet());
    assertThat(sizes).hasSize(16);
  }

  @Test
  void theLeastIsWhatIsLeftAfterTheMemoryRanOut() {
    MemoryNeed need = new MemoryNeed(1 << 20, 0, 1 << 20, 0, 8, 1 << 19, 0);
    assertThat(JobMemory.of(need)).isEqualTo(new JobMemory(9 << 20, 3 << 19));
  }

  @Test
  void whatIsAskedForIsNeededAtLeastAfterTheMemoryRanOutToo() {
    assertThat(new JobMemory(100, 10).atLeast(null)).isEqualTo(new JobMemory(100, 10));
    assertThat(new JobMemory(100, 10).atLeast(40L)).isEqualTo(new JobMemory(100, 40));
    assertThat(JobMemory.UNKNOWN.atLeast(24_000_000_000L).bytes())
        .isBetween(24_000_000_000L, 25_500_000_000L);
  }
}
