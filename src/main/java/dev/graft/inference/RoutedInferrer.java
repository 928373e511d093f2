package dev.graft.inference;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Has workers answer: they ask for calls, as they ask for jobs, and what they say of one is relayed
 * to the chat that waits for it.
 */
final class RoutedInferrer implements Inferrer {
  /** A worker tells something at least every {@link RunningCall#HEARTBEAT}. */
  private static final Duration SILENCE = RunningCall.HEARTBEAT.multipliedBy(10);

  /** A worker says at once that it has a call. */
  private static final Duration CONFIRMED = Duration.ofSeconds(3);

  private static final Duration SOON = Duration.ofSeconds(5);
  private static final long LOOK_EVERY = TimeUnit.SECONDS.toNanos(1);

  private final CallBoard board;
  private final InferenceProperties settings;

  public RoutedInferrer(CallBoard board, InferenceProperties settings) {
    this.board = board;
    this.settings = settings;
  }

  @Override
  public Reply answer(String department, ServedModel model, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost {
    PlacedCall call = board.place(department, model, ask);
    try {
      return answer(call, pieces);
    } finally {
      board.leave(call);
    }
  }

  private Reply answer(PlacedCall call, Consumer<Reply.Piece> pieces)
      throws InterruptedException, InferrerLost {
    while (true) {
      switch (call.next(LOOK_EVERY)) {
        case null -> requireHope(call);
        case PlacedCall.Heard.Lost(String why) -> throw new InferrerLost("a worker said: " + why);
        case PlacedCall.Heard.Said(Reply.Piece piece) -> pieces.accept(piece);
        case PlacedCall.Heard.Said(Reply last) -> {
          return last;
        }
      }
    }
  }

  private void requireHope(PlacedCall call) throws InferrerLost {
    if (!call.isTaken() && call.age() > settings.workerWait().toNanos()) {
      throw new NoCapacity(
          "no worker was free in " + settings.workerWait().toSeconds() + " s", SOON);
    }
    if (call.unconfirmed() != null && call.silence() > CONFIRMED.toNanos()) board.putBack(call);
    if (call.isTaken() && call.silence() > SILENCE.toNanos()) {
      throw new InferrerLost("its worker has not been heard of any more");
    }
  }
}
