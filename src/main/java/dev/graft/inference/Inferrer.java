package dev.graft.inference;

import java.io.IOException;
import java.time.Duration;
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
  Reply answer(
      String department, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost, IOException;

  /** Whether it may write with models of types that Graft's own kernels lack. */
  default boolean takesEveryType() {
    return false;
  }

  /** The child process is gone, or so late that it was ended. The next chat gets a new one. */
  static final class InferrerLost extends Exception {
    public InferrerLost(String message) {
      super(message);
    }
  }

  /** No process can take this chat now; a later try may succeed. */
  static final class NoCapacity extends RuntimeException {
    private final String why;
    private final Duration retryAfter;

    public NoCapacity(String why, Duration retryAfter) {
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
