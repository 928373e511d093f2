package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.evaluation.MacroF1.ConfusionMatrix;
import dev.graft.evaluation.MacroF1.LabelPair;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Held against scikit-learn's numbers for the same labels, and statsmodels' for the interval. */
class LabelStatisticsTests {
  private static final List<LabelPair> PAIRS = pairs("aabbcc", "abbbca");

  private static List<LabelPair> pairs(String actual, String predicted) {
    return IntStream.range(0, actual.length())
        .mapToObj(i -> new LabelPair(actual.substring(i, i + 1), predicted.substring(i, i + 1)))
        .toList();
  }

  @Test
  void theF1IsTheMeanOfTheClassesThatAreThereOrWerePredicted() {
    assertThat(MacroF1.of(PAIRS)).isCloseTo(0.6555555555555556, within(1e-12));
    assertThat(MacroF1.of(pairs("aa", "ab"))).isCloseTo(1 / 3.0, within(1e-12));
  }

  @Test
  void theMatrixHasARowForEachKnownLabel() {
    ConfusionMatrix found = ConfusionMatrix.of(PAIRS);
    assertThat(found.counts())
        .isEqualTo(List.of(List.of(1, 1, 0), List.of(0, 2, 0), List.of(1, 0, 1)));
    ConfusionMatrix.ClassScores b = found.classes().get(1);
    assertThat(b.label()).isEqualTo("b");
    assertThat(b.precision()).isCloseTo(2 / 3.0, within(1e-12));
    assertThat(b.recall()).isEqualTo(1);
    assertThat(b.f1()).isCloseTo(0.8, within(1e-12));
    assertThat(b.support()).isEqualTo(2);
    assertThat(b.predicted()).isEqualTo(3);
  }

  @Test
  void aMatrixOfMoreClassesThanOneCanReadIsLeftOut() {
    List<LabelPair> many =
        IntStream.rangeClosed(0, ConfusionMatrix.MOST)
            .mapToObj(i -> new LabelPair("class " + i, "class " + i))
            .toList();
    assertThat(ConfusionMatrix.of(many).counts()).isNull();
    assertThat(ConfusionMatrix.of(many).classes()).hasSize(ConfusionMatrix.MOST + 1);
  }

  @Test
  void anIntervalOfAShareIsWilsons() {
    assertThat(Comparison.wilson(0.8, 10).getFirst()).isCloseTo(0.49016247, within(1e-7));
    assertThat(Comparison.wilson(0.8, 10).getLast()).isCloseTo(0.94331784, within(1e-7));
    assertThat(Comparison.wilson(1, 20).getLast()).isEqualTo(1);
    assertThat(Comparison.wilson(1, 20).getFirst()).isCloseTo(0.83887, within(1e-4));
  }

  @Test
  void aBetterClassifierIsCalledSoAndEqualSeedsGiveEqualNumbers() {
    List<LabelPair> good = pairs("ab".repeat(20), "ab".repeat(19) + "aa");
    List<LabelPair> constant = pairs("ab".repeat(20), "a".repeat(40));
    Comparison found = MacroF1.compare(good, constant, 7);
    assertThat(found.difference()).isCloseTo(MacroF1.of(good) - 1 / 3.0, within(1e-12));
    assertThat(found.verdict()).isEqualTo(Comparison.Verdict.BETTER);
    assertThat(found.pValue()).isLessThan(0.001);
    assertThat(found.confidenceInterval().getFirst()).isPositive().isLessThan(found.difference());
    assertThat(List.of(found.better(), found.worse(), found.equal())).containsExactly(19, 0, 21);
    assertThat(MacroF1.compare(good, constant, 7)).isEqualTo(found);
    Comparison same = MacroF1.compare(good, new ArrayList<>(good), 7);
    assertThat(same.pValue()).isEqualTo(1);
    assertThat(same.verdict()).isEqualTo(Comparison.Verdict.INCONCLUSIVE);
    List<Double> interval = MacroF1.interval(good, 7);
    assertThat(MacroF1.of(good)).isBetween(interval.getFirst(), interval.getLast());
  }
}
