package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.model.LogProbabilities.Scored;
import org.junit.jupiter.api.Test;

class LogProbabilitiesTests {
  private final LogProbabilities all =
      new LogProbabilities(new float[] {500, 502, 501, 502, Float.NEGATIVE_INFINITY});

  @Test
  void largeLogitsDoNotOverflowAndProbabilitiesAddUpToOne() {
    double sum = 0;
    for (int id = 0; id < 5; id++) sum += Math.exp(all.of(id).logProbability());
    assertThat(sum).isCloseTo(1, within(1e-9));
    assertThat(all.of(0).logProbability())
        .isCloseTo(-Math.log(1 + Math.E + 2 * Math.E * Math.E), within(1e-9));
    assertThat(all.of(4).logProbability()).isEqualTo(Double.NEGATIVE_INFINITY);
  }

  @Test
  void theLikeliestComeFirstAndOfEqualOnesTheFirst() {
    assertThat(all.top(3)).extracting(Scored::id).containsExactly(1, 3, 2);
    assertThat(all.top(1)).extracting(Scored::id).containsExactly(1);
    assertThat(all.top(0)).isEmpty();
    assertThat(all.top(9)).hasSize(5);
  }
}
