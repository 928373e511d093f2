package dev.graft.inference;

import java.io.IOException;
import java.util.function.Consumer;

/** What answers: warm processes of this machine, or an engine. */
interface Inferrer {
  /**
   * A thread that is interrupted leaves the queue, or cancels its answer.
   *
   * @param department who asks
   * @param ask without an adapter's directory
   * @return the last reply
   * @throws NoCapacity if it cannot be taken now
   * @throws InferrerLost if the answer is lost half way
   */
  Reply answer(String department, ServedModel model, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException;

  /** Whether it may write with models of types that Graft's own kernels lack. */
  default boolean takesEveryType() {
    return false;
  }
}
