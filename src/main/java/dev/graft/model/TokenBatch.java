package dev.graft.model;

import dev.graft.text.TokenizedRow;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Rows whose tokens are to be predicted.
 *
 * @param inputIds (rows)(tokens)
 * @param labels same shape; -100 where a token is not trained; labels[b][t] is the target of
 *     position t-1
 * @param segments same shape: from 1, a token sees tokens of its own segment only, and learned
 *     positions begin anew with each; null = every row is one text
 * @param width tokens that a rectangle of the rows would have each: what depends on it in
 *     transformers, such as {@code dynamic} rope, depends on it here. No padding is computed
 */
public record TokenBatch(int[][] inputIds, int[][] labels, int @Nullable [][] segments, int width)
    implements MicroBatch {
  public static final int IGNORE = TokenizedRow.IGNORE;

  /** As wide as the longest row. */
  public TokenBatch(int[][] inputIds, int[][] labels, int @Nullable [][] segments) {
    this(
        inputIds,
        labels,
        segments,
        Arrays.stream(inputIds).mapToInt(row -> row.length).max().orElse(0));
  }

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

  @Override
  public int size() {
    return inputIds.length;
  }

  @Override
  public TokenBatch part(int from, int to) {
    return new TokenBatch(
        Arrays.copyOfRange(inputIds, from, to),
        Arrays.copyOfRange(labels, from, to),
        segments == null ? null : Arrays.copyOfRange(segments, from, to),
        width);
  }
}
