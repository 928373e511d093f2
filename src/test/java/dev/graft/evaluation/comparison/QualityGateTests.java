package dev.graft.evaluation.comparison;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class QualityGateTests {
  private static Comparison between(double low, double high, Comparison.Verdict verdict) {
    return new Comparison((low + high) / 2, List.of(low, high), 0.01, 15, 5, 0, verdict);
  }

  private static QualityGate betterBy(double bound) {
    return new QualityGate("a", null, null, bound, null);
  }

  private static QualityGate worseByAtMost(double bound) {
    return new QualityGate("a", null, null, null, bound);
  }

  @Test
  void aNumberHasItsBound() {
    QualityGate atLeast = new QualityGate("a", 0.8, null, null, null);
    assertThat(atLeast.passes(0.8, null, true)).isTrue();
    assertThat(atLeast.passes(0.79, null, true)).isFalse();
    QualityGate atMost = new QualityGate("loss", null, 0.8, null, null);
    assertThat(atMost.passes(0.8, null, false)).isTrue();
    assertThat(atMost.passes(0.81, null, false)).isFalse();
  }

  @Test
  void aGainMustBeSure() {
    Comparison gain = between(0.1, 0.3, Comparison.Verdict.BETTER);
    assertThat(betterBy(0.1).passes(0, gain, true)).isTrue();
    assertThat(betterBy(0.11).passes(0, gain, true)).isFalse();
    assertThat(betterBy(0).passes(0, between(-0.01, 0.3, Comparison.Verdict.INCONCLUSIVE), true))
        .isFalse();
    assertThat(betterBy(0).passes(0, between(0.1, 0.1, Comparison.Verdict.INCONCLUSIVE), true))
        .isFalse();
    assertThat(betterBy(0.1).passes(0, between(-0.3, -0.1, Comparison.Verdict.BETTER), false))
        .isTrue();
    assertThat(betterBy(0).passes(0, between(0.1, 0.3, Comparison.Verdict.WORSE), false)).isFalse();
  }

  @Test
  void aLossIsBoundedWithConfidence() {
    Comparison equal = between(-0.02, 0.05, Comparison.Verdict.INCONCLUSIVE);
    assertThat(worseByAtMost(0.02).passes(0, equal, true)).isTrue();
    assertThat(worseByAtMost(0.01).passes(0, equal, true)).isFalse();
    assertThat(worseByAtMost(0.05).passes(0, equal, false)).isTrue();
    assertThat(worseByAtMost(0.04).passes(0, equal, false)).isFalse();
  }

  @Test
  void aFewQuestionsProveNothing() {
    Comparison few =
        new Comparison(0.5, List.of(0.4, 0.6), 0.01, 19, 0, 0, Comparison.Verdict.BETTER);
    assertThat(betterBy(0).passes(1, few, true)).isFalse();
    assertThat(worseByAtMost(0.5).passes(1, few, true)).isFalse();
  }

  @Test
  void withoutABaselineNothingIsCompared() {
    assertThat(betterBy(0).passes(1, null, true)).isFalse();
    assertThat(worseByAtMost(1).passes(1, null, true)).isFalse();
  }
}
