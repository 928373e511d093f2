package dev.graft.evaluation;

import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The mean F1 of the classes that occur as known or predicted labels, scikit-learn's {@code
 * f1_macro}. It is not a mean over questions, so questions are resampled: intervals are percentiles
 * of bootstrap resamples, p-values come from paired randomisation, as in {@link Comparison}.
 */
final class MacroF1 {
  private static final int RESAMPLES = Comparison.RESAMPLES;
  private static final int DRAWS = Comparison.DRAWS;
  private static final double ROUNDING = 1e-12;

  private final int[] actual;
  private final int[] own;
  private final int[] base;
  private final int classes;

  /** Reused: how often a class is known, predicted, and both. */
  private final int[] support;

  private final int[] predicted;
  private final int[] both;

  private MacroF1(List<LabelPair> own, List<LabelPair> base) {
    Map<String, Integer> places = new HashMap<>();
    this.actual = places(own.stream().map(LabelPair::actual).toList(), places);
    this.own = places(own.stream().map(LabelPair::predicted).toList(), places);
    this.base = places(base.stream().map(LabelPair::predicted).toList(), places);
    classes = places.size();
    support = new int[classes];
    predicted = new int[classes];
    both = new int[classes];
  }

  private static int[] places(List<String> labels, Map<String, Integer> places) {
    return labels.stream()
        .mapToInt(label -> places.computeIfAbsent(label, absent -> places.size()))
        .toArray();
  }

  public static double of(List<LabelPair> pairs) {
    MacroF1 all = new MacroF1(pairs, pairs);
    return all.of(all.own, all.everyQuestion());
  }

  /**
   * The 95 % interval.
   *
   * @param seed equal seeds give equal numbers
   */
  public static List<Double> interval(List<LabelPair> pairs, long seed) {
    MacroF1 all = new MacroF1(pairs, pairs);
    SplittableRandom random = new SplittableRandom(seed);
    double[] values = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) values[i] = all.of(all.own, all.resample(random));
    return Comparison.interval(values);
  }

  /**
   * @param own a pair per question, in the order of {@code base}
   * @param seed equal seeds give equal numbers
   */
  public static Comparison compare(List<LabelPair> own, List<LabelPair> base, long seed) {
    MacroF1 all = new MacroF1(own, base);
    int[] every = all.everyQuestion();
    double difference = all.of(all.own, every) - all.of(all.base, every);
    SplittableRandom random = new SplittableRandom(seed);
    double[] differences = new double[RESAMPLES];
    for (int i = 0; i < RESAMPLES; i++) {
      int[] drawn = all.resample(random);
      differences[i] = all.of(all.own, drawn) - all.of(all.base, drawn);
    }
    int better = 0;
    int worse = 0;
    for (int i = 0; i < own.size(); i++) {
      if (own.get(i).isRight() && !base.get(i).isRight()) better++;
      if (!own.get(i).isRight() && base.get(i).isRight()) worse++;
    }
    double p = all.pValue(Math.abs(difference), new SplittableRandom(seed));
    return new Comparison(
        difference,
        Comparison.interval(differences),
        p,
        better,
        worse,
        own.size() - better - worse,
        Comparison.Verdict.of(difference, p, true));
  }

  /** Under the null hypothesis, the two labels of each question can be swapped. */
  private double pValue(double observed, SplittableRandom random) {
    int[] every = everyQuestion();
    int[] first = new int[own.length];
    int[] second = new int[own.length];
    int extreme = 1; // the observed labelling counts as one
    for (int draw = 0; draw < DRAWS; draw++) {
      for (int i = 0; i < own.length; i++) {
        boolean swapped = random.nextBoolean();
        first[i] = swapped ? base[i] : own[i];
        second[i] = swapped ? own[i] : base[i];
      }
      if (Math.abs(of(first, every) - of(second, every)) >= observed - ROUNDING) extreme++;
    }
    return (double) extreme / (DRAWS + 1);
  }

  private double of(int[] labels, int[] questions) {
    Arrays.fill(support, 0);
    Arrays.fill(predicted, 0);
    Arrays.fill(both, 0);
    for (int question : questions) {
      support[actual[question]]++;
      predicted[labels[question]]++;
      if (actual[question] == labels[question]) both[labels[question]]++;
    }
    double sum = 0;
    int seen = 0;
    for (int i = 0; i < classes; i++) {
      if (support[i] + predicted[i] == 0) continue;
      sum += 2.0 * both[i] / (support[i] + predicted[i]);
      seen++;
    }
    return sum / seen;
  }

  private int[] everyQuestion() {
    return IntStream.range(0, actual.length).toArray();
  }

  private int[] resample(SplittableRandom random) {
    int[] drawn = new int[actual.length];
    for (int i = 0; i < drawn.length; i++) drawn[i] = random.nextInt(drawn.length);
    return drawn;
  }

  /**
   * Counts of known and predicted labels, as scikit-learn's {@code confusion_matrix} and {@code
   * classification_report}.
   *
   * @param classes every known or predicted label, sorted
   * @param counts a row per known label, a column per predicted label; null with more than {@value
   *     #MOST} classes
   */
  record ConfusionMatrix(List<ClassScores> classes, @Nullable List<List<Integer>> counts) {
    static final int MOST = 100;

    /**
     * Scores of one label against all others; a ratio with denominator 0 is 0.
     *
     * @param support texts that have the label
     * @param predicted texts that the model gave the label
     */
    public record ClassScores(
        String label, double precision, double recall, double f1, int support, int predicted) {
      private static ClassScores of(String label, int both, int support, int predicted) {
        return new ClassScores(
            label,
            predicted == 0 ? 0 : (double) both / predicted,
            support == 0 ? 0 : (double) both / support,
            2.0 * both / (support + predicted),
            support,
            predicted);
      }
    }

    public static ConfusionMatrix of(List<LabelPair> pairs) {
      List<String> labels =
          pairs.stream()
              .flatMap(each -> Stream.of(each.actual(), each.predicted()))
              .distinct()
              .sorted()
              .toList();
      int size = labels.size();
      int[][] counts = new int[size][size];
      for (LabelPair each : pairs) {
        int row = Collections.binarySearch(labels, each.actual());
        counts[row][Collections.binarySearch(labels, each.predicted())]++;
      }
      List<ClassScores> classes =
          IntStream.range(0, size)
              .mapToObj(
                  i ->
                      ClassScores.of(
                          labels.get(i),
                          counts[i][i],
                          IntStream.of(counts[i]).sum(),
                          Stream.of(counts).mapToInt(row -> row[i]).sum()))
              .toList();
      return new ConfusionMatrix(
          classes,
          size > MOST
              ? null
              : Stream.of(counts).map(row -> IntStream.of(row).boxed().toList()).toList());
    }
  }

  /**
   * The known and the predicted label of a text.
   *
   * @param actual the known label
   */
  record LabelPair(String actual, String predicted) {
    boolean isRight() {
      return actual.equals(predicted);
    }
  }
}
