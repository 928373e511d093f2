package dev.graft.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** How a validation file is cut into batches: by length, so that little is padding. */
final class EvaluationBatches {
  private EvaluationBatches() {}

  public static List<int[]> batches(Rows rows, int size) {
    int[] lengths = rows.lengths();
    int[] sorted =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparingInt(row -> lengths[row]))
            .mapToInt(row -> row)
            .toArray();
    List<int[]> batches = new ArrayList<>();
    for (int from = 0; from < sorted.length; from += size) {
      batches.add(Arrays.copyOfRange(sorted, from, Math.min(sorted.length, from + size)));
    }
    return batches;
  }
}
