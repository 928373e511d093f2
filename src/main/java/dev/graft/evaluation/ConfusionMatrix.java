package dev.graft.evaluation;

import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Which labels are taken for which, as scikit-learn's {@code confusion_matrix} and {@code
 * classification_report}.
 *
 * @param classes every label that is known or was predicted, sorted
 * @param counts a row a known label, a column a predicted one; null with more than {@value #MOST}
 *     classes
 */
record ConfusionMatrix(List<ClassScores> classes, @Nullable List<List<Integer>> counts) {
  static final int MOST = 100;

  /**
   * How well one label is told from all others; a share of nothing is 0.
   *
   * @param support texts that have it
   * @param predicted texts that were given it
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
