package dev.graft.training;

import dev.graft.text.TokenizedRow;

/**
 * Token rows for one forward pass; rows may differ in length, the model pads right.
 *
 * @param inputIds (rows)(tokens)
 * @param labels same shape; -100 where a token is not trained; labels[b][t] is the target of
 *     position t-1
 */
public record MicroBatch(int[][] inputIds, int[][] labels) {
  public static final int IGNORE = TokenizedRow.IGNORE;

  /** Labels that count: not {@link #IGNORE} and at position 1 or later. */
  public long targets() {
    long count = 0;
    for (int[] row : labels) {
      for (int t = 1; t < row.length; t++) {
        if (row[t] != IGNORE) count++;
      }
    }
    return count;
  }
}
