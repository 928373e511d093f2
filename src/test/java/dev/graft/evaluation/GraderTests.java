package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.evaluation.Grader.SimilarityMetric;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GraderTests {
  /** Numbers of rouge_score 0.1.2 without stemming, nltk's sentence_gleu and rapidfuzz's ratio. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "the cat sat on the mat|the cat is on the"
            + " mat|0.833333|0.600000|0.250000|0.833333|0.500000|0.930233",
        "Paris|The capital of France is Paris.|0.285714|0|0|0.285714|0.055556|0.277778",
        "a b c d e f g h|h g f e d c b a|1|0|0|0.125|0.307692|0.466667",
        "one two two three three three|two three two one|0.8|0.25|0|0.4|0.277778|0.565217",
        "''|nothing said|0|0|0|0|0|0",
        "same words here|same words here|1|1|1|1|1|1",
        "The quick brown fox jumps over the lazy dog. It then sleeps for hours, and wakes at noon"
            + " to eat!|A quick brown dog jumps over the lazy fox; it sleeps for an hour and wakes"
            + " at noon.|0.789474|0.444444|0.235294|0.684211|0.391892|0.804469",
      })
  void similaritiesAreThoseOfTheReferences(
      String answer,
      String reference,
      double rouge1,
      double rouge2,
      double rouge3,
      double rougeL,
      double gleu,
      double fuzzy) {
    assertSimilar(SimilarityMetric.ROUGE_1, answer, reference, rouge1);
    assertSimilar(SimilarityMetric.ROUGE_2, answer, reference, rouge2);
    assertSimilar(SimilarityMetric.ROUGE_3, answer, reference, rouge3);
    assertSimilar(SimilarityMetric.ROUGE_L, answer, reference, rougeL);
    assertSimilar(SimilarityMetric.GLEU, answer, reference, gleu);
    assertSimilar(SimilarityMetric.FUZZY_MATCH, answer, reference, fuzzy);
  }

  private static void assertSimilar(
      SimilarityMetric metric, String answer, String reference, double expected) {
    assertThat(metric.of(answer, reference)).as(metric.wire()).isCloseTo(expected, within(5e-7));
  }

  @Test
  void wordsAreOfAnyScript() {
    assertThat(SimilarityMetric.ROUGE_1.of("Größe: 7", "größe 7!")).isEqualTo(1);
    assertThat(SimilarityMetric.ROUGE_1.of("!", "?")).isZero();
    assertThat(SimilarityMetric.FUZZY_MATCH.of("", "")).isEqualTo(1);
  }

  /** Longer than the 64 places of a word, with carries between them. */
  @Test
  void theLongestCommonSubsequenceIsThatOfTheTable() {
    SplittableRandom random = new SplittableRandom(7);
    for (int round = 0; round < 50; round++) {
      List<Integer> one = random(random, 1 + random.nextInt(300));
      List<Integer> other = random(random, 1 + random.nextInt(300));
      assertThat(Grader.Subsequence.length(one, other)).isEqualTo(table(one, other));
    }
  }

  private static List<Integer> random(SplittableRandom random, int length) {
    return IntStream.range(0, length).mapToObj(i -> random.nextInt(4)).toList();
  }

  private static int table(List<Integer> one, List<Integer> other) {
    int[][] lengths = new int[one.size() + 1][other.size() + 1];
    for (int i = 1; i <= one.size(); i++) {
      for (int j = 1; j <= other.size(); j++) {
        lengths[i][j] =
            one.get(i - 1).equals(other.get(j - 1))
                ? lengths[i - 1][j - 1] + 1
                : Math.max(lengths[i - 1][j], lengths[i][j - 1]);
      }
    }
    return lengths[one.size()][other.size()];
  }

  @ParameterizedTest
  @CsvSource({
    "EQ, Paris, Paris, 1",
    "EQ, ' Paris\n', Paris, 1",
    "EQ, paris, Paris, 0",
    "NE, paris, Paris, 1",
    "NE, Paris, Paris, 0",
    "LIKE, It is Paris., Paris, 1",
    "LIKE, It is paris., Paris, 0",
    "ILIKE, IT IS PARIS., Paris, 1",
    "ILIKE, STRASSE, straße, 1",
    "ILIKE, Rome, Paris, 0",
  })
  void stringsAreCheckedWithoutTheWhiteSpaceAroundThem(
      Grader.StringOperation operation, String answer, String reference, double expected) {
    assertThat(new Grader.StringCheck("a", operation).score(answer, reference)).isEqualTo(expected);
  }
}
