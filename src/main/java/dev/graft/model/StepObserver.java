package dev.graft.model;

/**
 * Receives the cost of steps. Times are those of the calling thread, or the mean of lanes; on a
 * GPU, which computes asynchronously, they are not those of the device.
 */
public interface StepObserver {
  /** Ignores everything. */
  StepObserver NONE = new StepObserver() {};

  /** Called after forward and backward of a micro-batch. */
  default void accumulated(MicroBatchCost cost) {}

  /** Called after the update of the parameters. */
  default void updated(long nanos) {}

  /**
   * The cost of a micro-batch.
   *
   * @param logical tokens of its rows, without padding
   * @param tokens that the layers computed
   * @param outputs tokens that the head read
   * @param pairs of a query and a key that it sees
   * @param windowedPairs the same in layers with a sliding window
   * @param forward ns through embedding, layers and head
   * @param loss ns in the loss and its gradient, logits included
   * @param backward ns in backward, recomputation included
   */
  record MicroBatchCost(
      int logical,
      int tokens,
      int outputs,
      long pairs,
      long windowedPairs,
      long forward,
      long loss,
      long backward) {
    /** Returns the cost without times. */
    public MicroBatchCost untimed() {
      return new MicroBatchCost(logical, tokens, outputs, pairs, windowedPairs, 0, 0, 0);
    }
  }
}
