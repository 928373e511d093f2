package dev.graft.training.model;

import dev.graft.training.MicroBatch;

/**
 * Rows of tokens laid out as one matrix, padded on the right with token 0, and what they predict.
 *
 * @param ids (rows x tokens)
 * @param positions of the outputs that predict something, as indices into ids
 * @param targets the tokens they should predict
 */
record PaddedBatch(int rows, int tokens, long[] ids, long[] positions, long[] targets) {
  /**
   * @throws IllegalArgumentException if rows are empty or differ from their labels, or an id is not
   *     in the vocabulary
   */
  static PaddedBatch of(MicroBatch batch, int vocabulary) {
    int[][] labels = batch.labels();
    if (labels.length != batch.inputIds().length) {
      throw new IllegalArgumentException("a micro-batch needs labels for each row");
    }
    int width = width(batch.inputIds());
    long[] positions = new long[(int) batch.targets()];
    long[] targets = new long[positions.length];
    int count = 0;
    for (int r = 0; r < labels.length; r++) {
      if (labels[r].length != batch.inputIds()[r].length) {
        throw new IllegalArgumentException("row " + r + " has not as many labels as tokens");
      }
      for (int t = 1; t < labels[r].length; t++) {
        if (labels[r][t] == MicroBatch.IGNORE) continue;
        positions[count] = (long) r * width + t - 1;
        targets[count++] = checked(labels[r][t], vocabulary);
      }
    }
    return new PaddedBatch(
        labels.length, width, ids(batch.inputIds(), width, vocabulary), positions, targets);
  }

  /** Rows without targets. */
  static PaddedBatch of(int[][] inputIds, int vocabulary) {
    int width = width(inputIds);
    return new PaddedBatch(
        inputIds.length, width, ids(inputIds, width, vocabulary), new long[0], new long[0]);
  }

  private static int width(int[][] rows) {
    int width = 0;
    for (int[] row : rows) width = Math.max(width, row.length);
    if (width == 0) throw new IllegalArgumentException("a micro-batch has no tokens");
    return width;
  }

  private static long[] ids(int[][] rows, int width, int vocabulary) {
    long[] ids = new long[Math.multiplyExact(rows.length, width)];
    for (int r = 0; r < rows.length; r++) {
      for (int t = 0; t < rows[r].length; t++) ids[r * width + t] = checked(rows[r][t], vocabulary);
    }
    return ids;
  }

  private static long checked(int id, int vocabulary) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException(
          "token id %d is not in the model's vocabulary of %d".formatted(id, vocabulary));
    }
    return id;
  }
}
