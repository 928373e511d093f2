package dev.graft.training;

import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.text.TokenizedRow;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Rows whose tokens train: of the file, or put together from those. */
sealed interface TokenRows extends Rows permits TokenRows.Separate, TokenRows.EndToEnd, PackedRows {

  int[] ids(int row);

  /** {@link TokenBatch#IGNORE} where a token is not trained. */
  int[] labels(int row);

  /** Whether rows hold several texts that do not see each other. */
  default boolean segmented() {
    return false;
  }

  /** From 1; a token sees those of its own number only. */
  default int[] segments(int row) {
    int[] segments = new int[length(row)];
    Arrays.fill(segments, 1);
    return segments;
  }

  @Override
  default long targets(int row) {
    return new TokenBatch(new int[][] {{}}, new int[][] {labels(row)}).targets();
  }

  /** All rows, in their order. */
  default TokenBatch all(int multipleOf) {
    return batch(IntStream.range(0, size()).toArray(), multipleOf);
  }

  @Override
  default TokenBatch batch(int[] rows, int multipleOf) {
    int[][] ids = Arrays.stream(rows).mapToObj(this::ids).toArray(int[][]::new);
    int[][] labels = Arrays.stream(rows).mapToObj(this::labels).toArray(int[][]::new);
    int @Nullable [][] segments = segmented() ? segments(rows) : null;
    return new TokenBatch(ids, labels, segments, new Collator(multipleOf).width(ids));
  }

  private int[][] segments(int[] rows) {
    return Arrays.stream(rows).mapToObj(this::segments).toArray(int[][]::new);
  }

  /** A row of the file is a row of the batch. */
  record Separate(List<TokenizedRow> rows) implements TokenRows {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public int length(int row) {
      return rows instanceof StoredRows stored ? stored.length(row) : rows.get(row).ids().length;
    }

    @Override
    public int[] ids(int row) {
      return rows.get(row).ids();
    }

    @Override
    public int[] labels(int row) {
      return rows.get(row).labels();
    }

    @Override
    public String origin(int row) {
      return "line " + rows.get(row).line();
    }
  }

  /** All tokens end to end, cut every {@code width}; every token trains, the short rest is kept. */
  record EndToEnd(StoredRows texts, int width) implements TokenRows {
    @Override
    public int size() {
      return Math.toIntExact(Math.ceilDiv(texts.tokens(), (long) width));
    }

    @Override
    public int length(int row) {
      return (int) Math.min(width, texts.tokens() - (long) row * width);
    }

    @Override
    public int[] ids(int row) {
      return texts.ids((long) row * width, length(row));
    }

    @Override
    public int[] labels(int row) {
      return ids(row);
    }

    @Override
    public String origin(int row) {
      return "tokens from " + (long) row * width;
    }
  }
}
