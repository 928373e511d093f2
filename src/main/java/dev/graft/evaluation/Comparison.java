package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Compares a candidate with the baseline in one metric, question by question.
 *
 * @param difference candidate minus baseline
 * @param confidenceInterval of the difference, 95 %: percentiles of 10,000 bootstrap resamples of
 *     the questions (Efron and Tibshirani 1993); for scores from 0 to 1 none of which fell, or none
 *     rose, widened by the rule of three
 * @param pValue of a difference at least as large under the null hypothesis: paired randomisation
 *     (Noreen 1989), exact for up to twelve questions that differ, else 9,999 draws
 * @param better questions that the candidate answers better than the baseline; {@code worse} and
 *     {@code equal} likewise
 */
record Comparison(
    double difference,
    List<Double> confidenceInterval,
    double pValue,
    int better,
    int worse,
    int equal,
    Verdict verdict) {
  enum Verdict {
    BETTER,
    WORSE,
    /** The difference may be chance. */
    INCONCLUSIVE;

    static Verdict of(double difference, double p, boolean higherIsBetter) {
      if (p >= SIGNIFICANT) return INCONCLUSIVE;
      return difference > 0 == higherIsBetter ? BETTER : WORSE;
    }

    @JsonValue
    String wire() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Upper 95 % bound of a proportion of which 0 of n were observed, times n. */
  private static final double RULE_OF_THREE = 3;

  /** Standard deviations on either side, for 95 %. */
  private static final double Z = 1.959963984540054;

  private static final double SIGNIFICANT = 0.05;
  static final int RESAMPLES = 10_000;
  static final int DRAWS = 9_999;
  private static final int EXACT = 12;

  /** Sums of the same numbers in another order count as equal. */
  private static final double ROUNDING = 1e-9;

  @JsonIgnore
  int questions() {
    return better + worse + equal;
  }

  /**
   * @param differences candidate minus baseline, one per question, at least one
   * @param weights of the questions: for summed losses, the tokens of the answers
   * @param higherIsBetter true for scores from 0 to 1, false for losses
   * @param seed equal seeds give equal numbers
   */
  public static Comparison of(
      double[] differences, double[] weights, boolean higherIsBetter, long seed) {
    double sum = Arrays.stream(differences).sum();
    double difference = sum / Arrays.stream(weights).sum();
    double p = pValue(differences, new SplittableRandom(seed));
    int up = (int) Arrays.stream(differences).filter(each -> each > 0).count();
    int down = (int) Arrays.stream(differences).filter(each -> each < 0).count();
    return new Comparison(
        difference,
        interval(differences, weights, higherIsBetter, new SplittableRandom(seed)),
        p,
        higherIsBetter ? up : down,
        higherIsBetter ? down : up,
        differences.length - up - down,
        Verdict.of(difference, p, higherIsBetter));
  }

  private static List<Double> interval(
      double[] differences, double[] weights, boolean bounded, SplittableRandom random) {
    int n = differences.length;
    double[] means = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      double sum = 0;
      double weight = 0;
      for (int k = 0; k < n; k++) {
        int drawn = random.nextInt(n);
        sum += differences[drawn];
        weight += weights[drawn];
      }
      means[i] = sum / weight;
    }
    List<Double> interval = interval(means);
    if (!bounded) return interval;
    double low = interval.getFirst();
    double high = interval.getLast();
    double unseen = RULE_OF_THREE / n;
    boolean falls = Arrays.stream(differences).anyMatch(each -> each < 0);
    boolean rises = Arrays.stream(differences).anyMatch(each -> each > 0);
    return List.of(
        falls ? low : Math.max(-1, low - unseen), rises ? high : Math.min(1, high + unseen));
  }

  /** Returns the 95 % percentile interval of {@link #RESAMPLES} values, and sorts them. */
  static List<Double> interval(double[] values) {
    Arrays.sort(values);
    return List.of(values[RESAMPLES / 40], values[RESAMPLES - 1 - RESAMPLES / 40]);
  }

  /** Under the null hypothesis, each difference can have either sign. */
  private static double pValue(double[] differences, SplittableRandom random) {
    double[] moved = Arrays.stream(differences).filter(each -> each != 0).toArray();
    double observed = Math.abs(Arrays.stream(moved).sum());
    double least = observed - ROUNDING * Arrays.stream(moved).map(Math::abs).sum();
    if (moved.length <= EXACT) {
      int all = 1 << moved.length;
      int extreme = 0;
      for (int signs = 0; signs < all; signs++) {
        if (Math.abs(sum(moved, signs)) >= least) extreme++;
      }
      return (double) extreme / all;
    }
    int extreme = 1; // the observed signs count as one
    for (int i = 0; i < DRAWS; i++) {
      if (Math.abs(sum(moved, random)) >= least) extreme++;
    }
    return (double) extreme / (DRAWS + 1);
  }

  private static double sum(double[] values, int signs) {
    double sum = 0;
    for (int i = 0; i < values.length; i++) sum += (signs >> i & 1) == 0 ? values[i] : -values[i];
    return sum;
  }

  private static double sum(double[] values, SplittableRandom random) {
    double sum = 0;
    long bits = 0;
    for (int i = 0; i < values.length; i++) {
      if (i % Long.SIZE == 0) bits = random.nextLong();
      sum += (bits & 1) == 0 ? values[i] : -values[i];
      bits >>>= 1;
    }
    return sum;
  }

  /**
   * The 95 % score interval of a proportion (Wilson 1927).
   *
   * @param share from 0 to 1
   * @param of sample size, at least 1
   */
  static List<Double> wilson(double share, int of) {
    double spread = Z * Z / of;
    double middle = (share + spread / 2) / (1 + spread);
    double half = Z / (1 + spread) * Math.sqrt((share * (1 - share) + spread / 4) / of);
    return List.of(Math.max(0, middle - half), Math.min(1, middle + half));
  }
}
