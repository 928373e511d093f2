package dev.graft.inference;

import dev.graft.platform.Ids;
import java.io.IOException;
import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/** Has texts labelled: finds the model and has it asked, all texts at once. */
@Service
class Classifications {
  private static final Logger log = LoggerFactory.getLogger(Classifications.class);

  private final ServedModels models;
  private final ModelCalls calls;
  private final Clock clock;
  private final Ids ids;

  Classifications(ServedModels models, ModelCalls calls, Clock clock, Ids ids) {
    this.models = models;
    this.calls = calls;
    this.clock = clock;
    this.ids = ids;
  }

  /**
   * @throws dev.graft.platform.RequestFailed if they are not labelled
   */
  public Classification classify(String departmentId, ClassificationRequest request)
      throws IOException {
    ServedModel model = models.classifier(departmentId, request.model());
    long started = System.nanoTime();
    Reply.Labels labels = labels(departmentId, model, request);
    log.atInfo()
        .addKeyValue("model", model.name())
        .addKeyValue("texts", request.texts().size())
        .addKeyValue("prompt_tokens", labels.promptTokens())
        .addKeyValue("milliseconds", (System.nanoTime() - started) / 1_000_000)
        .log("texts_classified");
    return new Classification(
        ids.next("classify-"),
        clock.instant().getEpochSecond(),
        request.model(),
        model.name(),
        model.fingerprint(),
        model.published(),
        labels.problem(),
        labels.texts(),
        labels.promptTokens());
  }

  private Reply.Labels labels(
      String departmentId, ServedModel model, ClassificationRequest request) {
    ClassifyAsk ask =
        new ClassifyAsk(
            calls.nextId(), null, request.texts(), request.truncation(), request.topK());
    try {
      Reply last = calls.answer(departmentId, model, ask, piece -> {});
      if (last instanceof Reply.Labels labels) return labels;
      throw new IllegalStateException("no labels of texts");
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      throw InferenceRefused.unavailable();
    }
  }
}
