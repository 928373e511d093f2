package dev.graft.training.finetune;

import dev.graft.text.TokenizedRow;
import dev.graft.training.MicroBatch;
import dev.graft.training.TokenBatch;
import java.util.Arrays;
import java.util.List;

/** Rows as they train. */
sealed interface TokenRows {
  int size();

  int length(int row);

  int[] ids(int row);

  /** {@link MicroBatch#IGNORE} where a token is not trained. */
  int[] labels(int row);

  /** Where the row comes from, for a person. */
  String origin(int row);

  default int[] lengths() {
    int[] lengths = new int[size()];
    Arrays.setAll(lengths, this::length);
    return lengths;
  }

  default MicroBatch batch(int[] rows) {
    int[][] ids = new int[rows.length][];
    int[][] labels = new int[rows.length][];
    Arrays.setAll(ids, i -> ids(rows[i]));
    Arrays.setAll(labels, i -> labels(rows[i]));
    return new TokenBatch(ids, labels);
  }

  /** A row of the file is a row of the batch. */
  record Separate(List<TokenizedRow> rows) implements TokenRows {
    @Override
    public int size() {
      return rows.size();
    }

    @Override
    public int length(int row) {
      return rows.get(row).ids().length;
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
  record EndToEnd(int[] tokens, int width) implements TokenRows {
    @Override
    public int size() {
      return (int) ((tokens.length + (long) width - 1) / width);
    }

    @Override
    public int length(int row) {
      return Math.min(width, tokens.length - row * width);
    }

    @Override
    public int[] ids(int row) {
      return Arrays.copyOfRange(tokens, row * width, row * width + length(row));
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
