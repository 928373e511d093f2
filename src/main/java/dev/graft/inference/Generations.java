package dev.graft.inference;

import dev.graft.platform.Ids;
import java.io.IOException;
import java.time.Clock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/** Makes answers: finds the model and has it asked. */
@Service
class Generations {
  private static final Logger log = LoggerFactory.getLogger(Generations.class);

  private final ServedModels models;
  private final ModelCalls calls;
  private final InferenceProperties settings;
  private final Clock clock;
  private final Ids ids;

  Generations(
      ServedModels models, ModelCalls calls, InferenceProperties settings, Clock clock, Ids ids) {
    this.models = models;
    this.calls = calls;
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
    ServedModel model = models.writer(departmentId, request.model());
    OngoingGeneration.Head head =
        new OngoingGeneration.Head(
            ids.next(prefix),
            clock.instant().getEpochSecond(),
            request.model(),
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
      GenerateAsk ask =
          new GenerateAsk(
              calls.nextId(), null, prompt, settings.defaultMaxTokens(), request.decoding());
      Reply last =
          calls.answer(departmentId, model, ask, piece -> pieces.accept(piece.after(before)));
      if (!(last instanceof Reply.Done done)) throw new IllegalStateException("labels of a prompt");
      total = total.and(done);
      first += request.decoding().choices();
    }
    log.atInfo()
        .addKeyValue("model", model.name())
        .addKeyValue("prompt_tokens", total.promptTokens())
        .addKeyValue("completion_tokens", total.completionTokens())
        .addKeyValue("milliseconds", (System.nanoTime() - started) / 1_000_000)
        .log("chat_answered");
    return total;
  }
}
