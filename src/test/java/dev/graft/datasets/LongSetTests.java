package dev.graft.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** It holds what a set holds. */
class LongSetTests {
  @Test
  void itIsASet() {
    LikeRows.LongSet set = new LikeRows.LongSet();
    Set<Long> expected = new HashSet<>();
    Random random = new Random(1);
    for (int i = 0; i < 20_000; i++) {
      // few bits, so that there are repetitions, the zero and runs of used slots
      long value = random.nextInt(8_000) * (i % 2 == 0 ? 1L : 4096L);
      assertThat(set.contains(value)).isEqualTo(expected.contains(value));
      assertThat(set.add(value)).isEqualTo(expected.add(value));
      assertThat(set.contains(value)).isTrue();
    }
  }
}
