package dev.graft.model;

/**
 * Token rows for one forward pass; rows may differ in length.
 *
 * <p>{@link #inputIds} is (rows)(tokens).
 */
public sealed interface MicroBatch permits TokenBatch, LabelBatch, PairBatch {
  int[][] inputIds();

  /** What the loss of this batch is a sum over: the window's sum of them is its divisor. */
  long targets();

  /** Rows, or pairs, that can be computed apart. */
  int size();

  /**
   * Some of the rows or pairs, as part of the whole: the losses of all parts together are that of
   * the whole, whose width and number they have.
   */
  MicroBatch part(int from, int to);
}
