package dev.graft.training.batch;

/**
 * Token rows for one forward pass; rows may differ in length.
 *
 * <p>{@link #inputIds} is (rows)(tokens).
 */
public sealed interface MicroBatch permits TokenBatch, LabelBatch, PairBatch {
  int[][] inputIds();

  /** What the loss of this batch is a sum over: the window's sum of them is its divisor. */
  long targets();
}
