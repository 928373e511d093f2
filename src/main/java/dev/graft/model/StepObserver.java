package dev.graft.model;

/**
 * Hears what steps compute and where their time goes. Times are those of this thread, or of lanes
 * their mean: on a GPU, which computes behind the calls, they are not the device's.
 */
public interface StepObserver {
  /** Nobody listens. */
  StepObserver NONE =
      new StepObserver() {
        @Override
        public void accumulated(MicroBatchCost cost) {}

        @Override
        public void updated(long nanos) {}
      };

  /** After forward and backward of a micro-batch. */
  void accumulated(MicroBatchCost cost);

  /** After the update of the parameters, which took so long. */
  void updated(long nanos);

  /**
   * A micro-batch as it was computed.
   *
   * @param logical tokens of its rows, without padding
   * @param tokens that went through the layers
   * @param outputs tokens that the head looked at
   * @param pairs of a query and a key that it sees
   * @param windowedPairs the same in layers with a sliding window
   * @param forward ns through embedding, layers and head
   * @param loss ns in the loss and its gradient, with the logits
   * @param backward ns down again, with what is computed again
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
    /** What was computed. */
    public MicroBatchCost untimed() {
      return new MicroBatchCost(logical, tokens, outputs, pairs, windowedPairs, 0, 0, 0);
    }
  }
}
