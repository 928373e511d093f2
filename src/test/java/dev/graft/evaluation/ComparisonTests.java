package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComparisonTests {
  private static Comparison of(double... differences) {
    double[] weights = new double[differences.length];
    Arrays.fill(weights, 1);
    return Comparison.of(differences, weights, true, 1);
  }

  /** scipy's permutation_test of the sum, all 1,024 signs. */
  @Test
  void ofFewQuestionsThePValueIsExact() {
    Comparison found = of(0.2, 0.1, -0.05, 0.3, 0.0, 0.15, 0.2, -0.1, 0.05, 0.25);
    assertThat(found.pValue()).isEqualTo(0.04296875);
    assertThat(found.difference()).isCloseTo(0.11, within(1e-12));
    assertThat(found.verdict()).isEqualTo(Comparison.Verdict.BETTER);
    assertThat(found.better()).isEqualTo(7);
    assertThat(found.worse()).isEqualTo(2);
    assertThat(found.equal()).isEqualTo(1);
  }

  /** scipy's bootstrap, percentile, 20,000 resamples, and 50,000 draws of permutation_test. */
  @ParameterizedTest
  @CsvSource({
    "30, 0.195, 0.1389, 0.2512, 0.0001, BETTER",
    "44, 0.055, -0.0010, 0.1113, 0.0612, INCONCLUSIVE"
  })
  void ofManyQuestionsTheNumbersAreThoseOfScipy(
      int shift, double mean, double low, double high, double p, Comparison.Verdict verdict) {
    Comparison found =
        of(IntStream.range(0, 100).mapToDouble(i -> 0.01 * (i * 37 % 100 - shift)).toArray());
    assertThat(found.difference()).isCloseTo(mean, within(1e-9));
    assertThat(found.confidenceInterval().getFirst()).isCloseTo(low, within(0.003));
    assertThat(found.confidenceInterval().getLast()).isCloseTo(high, within(0.003));
    assertThat(found.pValue()).isCloseTo(p, within(0.008));
    assertThat(found.verdict()).isEqualTo(verdict);
  }

  @Test
  void aHandfulOfQuestionsProvesNothing() {
    assertThat(of(1).verdict()).isEqualTo(Comparison.Verdict.INCONCLUSIVE);
    assertThat(of(1, 1, 1, 1, 1).pValue()).isEqualTo(2.0 / 32);
    assertThat(of(1, 1, 1, 1, 1).verdict()).isEqualTo(Comparison.Verdict.INCONCLUSIVE);
    assertThat(of(1, 1, 1, 1, 1, 1).verdict()).isEqualTo(Comparison.Verdict.BETTER);
  }

  @Test
  void equalModelsAreEqual() {
    Comparison found = of(0, 0, 0, 0, 0, 0, 0, 0);
    assertThat(found.pValue()).isEqualTo(1);
    assertThat(found.equal()).isEqualTo(8);
    assertThat(found.confidenceInterval())
        .as("three by eight: what was not seen may be there")
        .containsExactly(-0.375, 0.375);
    assertThat(found.verdict()).isEqualTo(Comparison.Verdict.INCONCLUSIVE);
  }

  /** One gain more proves no less that nothing is lost than no gain does. */
  @Test
  void whatWasNotSeenMayBeThere() {
    double[] differences = new double[30];
    differences[7] = 1;
    Comparison found = of(differences);
    assertThat(found.confidenceInterval().getFirst()).isCloseTo(-0.1, within(1e-12));
    assertThat(found.confidenceInterval().getLast()).isBetween(0.05, 0.15);
    Arrays.fill(differences, -1);
    assertThat(of(differences).confidenceInterval()).containsExactly(-1.0, -0.9);
  }

  /** A loss: the sums of questions by the tokens of all; the smaller is the better. */
  @Test
  void weightsAreWhatAQuestionCounts() {
    double[] differences = {-8, -6, -4, -2, -2, -1, -1, -1, 2, -3};
    double[] weights = {80, 60, 40, 20, 20, 10, 10, 10, 20, 30};
    Comparison found = Comparison.of(differences, weights, false, 1);
    assertThat(found.difference()).isCloseTo(-26.0 / 300, within(1e-12));
    assertThat(found.better()).isEqualTo(9);
    assertThat(found.worse()).isEqualTo(1);
    assertThat(found.verdict()).isEqualTo(Comparison.Verdict.BETTER);
    assertThat(found.confidenceInterval().getLast()).isNegative();
  }

  @Test
  void equalSeedsGiveEqualNumbers() {
    double[] differences = new SplittableRandom(3).doubles(50, -0.4, 0.6).toArray();
    assertThat(of(differences)).isEqualTo(of(differences));
  }

  /** Of models that are alike, one in twenty comparisons finds a difference. */
  @Test
  void chanceIsFoundAsOftenAsItShould() {
    SplittableRandom random = new SplittableRandom(11);
    int found = 0;
    for (int i = 0; i < 200; i++) {
      if (of(random.doubles(40, -1, 1).toArray()).verdict() != Comparison.Verdict.INCONCLUSIVE)
        found++;
    }
    assertThat(found).isBetween(2, 20);
  }
}
