package dev.graft.inference;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Asks models, and turns failures into errors for the caller. */
@Component
class ModelCalls {
  private static final Logger log = LoggerFactory.getLogger(ModelCalls.class);

  private final Inferrer inferrer;
  private final AtomicLong asks = new AtomicLong();

  ModelCalls(Inferrer inferrer) {
    this.inferrer = inferrer;
  }

  /** Returns an id that no other ask of this server has. */
  long nextId() {
    return asks.incrementAndGet();
  }

  /**
   * @return the last reply: done or labels
   * @throws dev.graft.platform.RequestFailed if there is no answer
   */
  Reply answer(
      String departmentId, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException {
    Reply last = reply(departmentId, model, ask, pieces);
    return switch (last) {
      case Reply.Done _, Reply.Labels _ -> last;
      case Reply.Refused refused -> throw InferenceRefused.byModel(refused);
      case Reply.Failed failed -> {
        log.atError()
            .addKeyValue("model", model.name())
            .addKeyValue("cause", failed.message())
            .log("model_failed");
        throw InferenceRefused.failed();
      }
      case Reply.Ready _, Reply.Piece _ ->
          throw new IllegalStateException("not the last reply: " + last.getClass().getSimpleName());
    };
  }

  private Reply reply(
      String departmentId, ServedModel model, InferrerOrder.Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException {
    try {
      return inferrer.answer(departmentId, model, ask, pieces);
    } catch (Inferrer.NoCapacity full) {
      throw InferenceRefused.noCapacity(full);
    } catch (Inferrer.InferrerLost | IOException lost) {
      log.atError()
          .addKeyValue("model", model.name())
          .addKeyValue("cause", lost.getMessage())
          .log("model_lost");
      throw lost instanceof IOException
          ? InferenceRefused.unreachable()
          : InferenceRefused.unavailable();
    }
  }
}
