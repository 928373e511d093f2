package dev.graft.model;

import java.util.Arrays;

/**
 * Rows with a label each, for sequence classification and regression.
 *
 * @param inputIds (rows)(tokens)
 * @param labels (rows)(1) the class, or (rows)(labels) 0 or 1 for each, or (rows)(1) a number
 */
public record LabelBatch(int[][] inputIds, double[][] labels) implements MicroBatch {
  @Override
  public long targets() {
    long count = 0;
    for (double[] row : labels) count += row.length;
    return count;
  }

  @Override
  public int size() {
    return inputIds.length;
  }

  @Override
  public LabelBatch part(int from, int to) {
    return new LabelBatch(
        Arrays.copyOfRange(inputIds, from, to), Arrays.copyOfRange(labels, from, to));
  }
}
