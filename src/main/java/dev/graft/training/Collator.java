package dev.graft.training;

import java.util.Arrays;

/**
 * Rows of unequal length as a rectangle, padded on the right.
 *
 * @param multipleOf what the width is a multiple of
 */
record Collator(int multipleOf) {
  public int width(int[][] rows) {
    int longest = Arrays.stream(rows).mapToInt(row -> row.length).max().orElse(0);
    return Math.ceilDiv(longest, multipleOf) * multipleOf;
  }

  /** All rows to the width, filled up with a value. */
  public int[][] padded(int[][] rows, int fill) {
    int width = width(rows);
    int[][] padded = new int[rows.length][];
    for (int r = 0; r < rows.length; r++) {
      padded[r] = Arrays.copyOf(rows[r], width);
      Arrays.fill(padded[r], rows[r].length, width, fill);
    }
    return padded;
  }
}
