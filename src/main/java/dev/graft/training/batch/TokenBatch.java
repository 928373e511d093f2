package dev.graft.training.batch;

import dev.graft.text.TokenizedRow;
import org.jspecify.annotations.Nullable;

/**
 * Rows whose tokens are to be predicted.
 *
 * @param inputIds (rows)(tokens)
 * @param labels same shape; -100 where a token is not trained; labels[b][t] is the target of
 *     position t-1
 * @param segments same shape: from 1, a token sees tokens of its own segment only, and learned
 *     positions begin anew with each; null = every row is one text
 */
public record TokenBatch(int[][] inputIds, int[][] labels, int @Nullable [][] segments)
    implements MicroBatch {
  public static final int IGNORE = TokenizedRow.IGNORE;

  /** Rows of one text each. */
  public TokenBatch(int[][] inputIds, int[][] labels) {
    this(inputIds, labels, null);
  }

  /** Labels that count: not {@link #IGNORE} and at position 1 or later. */
  @Override
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
