package dev.graft.inference;

import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;

/** Answers asks: by processes of this machine, by workers or by an engine. */
interface Inferrer {
  /**
   * Answers an ask. Interrupting the thread leaves the queue or cancels the answer.
   *
   * @param department of the caller
   * @param ask without the directory of an adapter
   * @return the last reply
   * @throws NoCapacity if there is no capacity now
   * @throws InferrerLost if the answer fails half way
   */
  Reply answer(
      String department, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException;

  /** Returns whether it can answer with model types that Graft's own kernels do not support. */
  default boolean takesEveryType() {
    return false;
  }

  /** The answer is lost because the process, worker or engine ended or was too slow. */
  static final class InferrerLost extends Exception {
    InferrerLost(String message) {
      super(message);
    }
  }

  /** There is no capacity for this chat now. A later try may succeed. */
  static final class NoCapacity extends RuntimeException {
    private final String why;
    private final Duration retryAfter;

    NoCapacity(String why, Duration retryAfter) {
      super(why);
      this.why = why;
      this.retryAfter = retryAfter;
    }

    String why() {
      return why;
    }

    Duration retryAfter() {
      return retryAfter;
    }
  }
}
