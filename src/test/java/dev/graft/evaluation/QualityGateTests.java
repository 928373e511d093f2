package dev.graft.evaluation;

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
    assertThat(atLeast.unmet(0.8, null, true)).isNull();
    assertThat(atLeast.unmet(0.79, null, true)).isNotNull();
    QualityGate atMost = new QualityGate("loss", null, 0.8, null, null);
    assertThat(atMost.unmet(0.8, null, false)).isNull();
    assertThat(atMost.unmet(0.81, null, false)).isNotNull();
  }

  @Test
  void aGainMustBeSure() {
    Comparison gain = between(0.1, 0.3, Comparison.Verdict.BETTER);
    assertThat(betterBy(0.1).unmet(0, gain, true)).isNull();
    assertThat(betterBy(0.11).unmet(0, gain, true)).isNotNull();
    assertThat(betterBy(0).unmet(0, between(-0.01, 0.3, Comparison.Verdict.INCONCLUSIVE), true))
        .isNotNull();
    assertThat(betterBy(0).unmet(0, between(0.1, 0.1, Comparison.Verdict.INCONCLUSIVE), true))
        .isNotNull();
    assertThat(betterBy(0.1).unmet(0, between(-0.3, -0.1, Comparison.Verdict.BETTER), false))
        .isNull();
    assertThat(betterBy(0).unmet(0, between(0.1, 0.3, Comparison.Verdict.WORSE), false))
        .isNotNull();
  }

  @Test
  void aLossIsBoundedWithConfidence() {
    Comparison equal = between(-0.02, 0.05, Comparison.Verdict.INCONCLUSIVE);
    assertThat(worseByAtMost(0.02).unmet(0, equal, true)).isNull();
    assertThat(worseByAtMost(0.01).unmet(0, equal, true)).isNotNull();
    assertThat(worseByAtMost(0.05).unmet(0, equal, false)).isNull();
    assertThat(worseByAtMost(0.04).unmet(0, equal, false)).isNotNull();
  }

  @Test
  void aFewQuestionsProveNothing() {
    Comparison few =
        new Comparison(0.5, List.of(0.4, 0.6), 0.01, 19, 0, 0, Comparison.Verdict.BETTER);
    assertThat(betterBy(0).unmet(1, few, true))
        .isEqualTo("19 questions are fewer than the 20 that a comparison needs");
    assertThat(worseByAtMost(0.5).unmet(1, few, true)).isNotNull();
  }

  @Test
  void withoutABaselineNothingIsCompared() {
    assertThat(betterBy(0).unmet(1, null, true)).isNotNull();
    assertThat(worseByAtMost(1).unmet(1, null, true)).isNotNull();
  }

  @Test
  void whatIsNotMetIsSaid() {
    QualityGate atLeast = new QualityGate("a", 0.8, null, null, null);
    assertThat(atLeast.unmet(0.79, null, true)).isEqualTo("the value is 0.7900");
    assertThat(betterBy(0).unmet(0, between(-0.1, 0.3, Comparison.Verdict.INCONCLUSIVE), true))
        .isEqualTo("the difference from the baseline may be chance");
    assertThat(betterBy(0.2).unmet(0, between(0.1, 0.3, Comparison.Verdict.BETTER), true))
        .isEqualTo("the 95 % interval of the gain begins at +0.1000");
    assertThat(worseByAtMost(0.1).unmet(0, between(0.1, 0.3, Comparison.Verdict.WORSE), false))
        .isEqualTo("the 95 % interval of the gain begins at -0.3000");
  }
}
