package dev.graft.inference.generation;

import dev.graft.inference.protocol.Ask;
import dev.graft.inference.protocol.Prompt;
import dev.graft.inference.protocol.Reply;
import dev.graft.inference.serving.InferenceProperties;
import dev.graft.inference.serving.InferenceRefused;
import dev.graft.inference.serving.Inferrer;
import dev.graft.inference.serving.InferrerLost;
import dev.graft.inference.serving.NoCapacity;
import dev.graft.inference.serving.ServedModel;
import dev.graft.inference.serving.ServedModels;
import dev.graft.platform.Ids;
import java.io.IOException;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/** Makes answers: finds the model and has it asked. */
@Service
public class Generations {
  private static final Logger log = LoggerFactory.getLogger(Generations.class);

  private final ServedModels models;
  private final Inferrer inferrer;
  private final InferenceProperties settings;
  private final Clock clock;
  private final Ids ids;
  private final AtomicLong asks = new AtomicLong();

  Generations(
      ServedModels models, Inferrer inferrer, InferenceProperties settings, Clock clock, Ids ids) {
    this.models = models;
    this.inferrer = inferrer;
    this.settings = settings;
    this.clock = clock;
    this.ids = ids;
  }

  /**
   * Begins an answer; close it.
   *
   * @param prefix of its id
   */
  public OngoingGeneration begin(String departmentId, String prefix, GenerationRequest request)
      throws IOException {
    ServedModel model = models.named(departmentId, request.model());
    OngoingGeneration.Head head =
        new OngoingGeneration.Head(
            ids.next(prefix),
            clock.instant().getEpochSecond(),
            model.name(),
            model.fingerprint(),
            model.published());
    return new OngoingGeneration(head, pieces -> answer(departmentId, model, request, pieces));
  }

  /** One prompt after the other; each waits for its turn again. */
  private Reply.Done answer(
      String departmentId,
      ServedModel model,
      GenerationRequest request,
      Consumer<Reply.Piece> pieces)
      throws InterruptedException {
    long started = System.nanoTime();
    Reply.Done total = new Reply.Done(0, 0, 0);
    int first = 0;
    for (Prompt prompt : request.prompts()) {
      int before = first;
      Ask ask =
          new Ask(
              asks.incrementAndGet(),
              null,
              prompt,
              settings.defaultMaxTokens(),
              request.decoding());
      Reply last = reply(departmentId, model, ask, piece -> pieces.accept(piece.after(before)));
      total = total.and(done(model, last));
      first += request.decoding().choices();
    }
    log.atInfo()
        .addKeyValue("department", departmentId)
        .addKeyValue("model", model.name())
        .addKeyValue("prompt_tokens", total.promptTokens())
        .addKeyValue("completion_tokens", total.completionTokens())
        .addKeyValue("milliseconds", (System.nanoTime() - started) / 1_000_000)
        .log("chat_answered");
    return total;
  }

  private Reply reply(String departmentId, ServedModel model, Ask ask, Consumer<Reply.Piece> pieces)
      throws InterruptedException {
    try {
      return inferrer.answer(departmentId, model, ask, pieces);
    } catch (NoCapacity full) {
      throw InferenceRefused.noCapacity(full);
    } catch (InferrerLost | IOException lost) {
      log.atError()
          .addKeyValue("model", model.name())
          .addKeyValue("cause", lost.getMessage())
          .log("chat_lost");
      throw lost instanceof IOException
          ? InferenceRefused.unreachable()
          : InferenceRefused.unavailable();
    }
  }

  private static Reply.Done done(ServedModel model, Reply reply) {
    return switch (reply) {
      case Reply.Done done -> done;
      case Reply.Refused refused -> throw InferenceRefused.byModel(refused);
      case Reply.Failed failed -> {
        log.atError()
            .addKeyValue("model", model.name())
            .addKeyValue("cause", failed.message())
            .log("chat_failed");
        throw InferenceRefused.failed();
      }
      case Reply.Ready ready -> throw new IllegalStateException("ready, in answer to a chat");
      case Reply.Piece piece -> throw new IllegalStateException("a piece is not the last reply");
    };
  }
}
