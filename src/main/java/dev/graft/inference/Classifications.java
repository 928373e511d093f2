package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.inference.GreedyCompletions.GreedyCompletion;
import dev.graft.platform.Ids;
import dev.graft.weights.Task;
import java.io.IOException;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Service;

/** Labels texts: resolves the model and asks it for all texts at once. */
@Service
class Classifications implements TextLabels {
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
   * @throws dev.graft.platform.RequestFailed if the texts cannot be labelled
   */
  Classification classify(String departmentId, ClassificationRequest request) throws IOException {
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
    InferrerOrder.ClassifyAsk ask =
        new InferrerOrder.ClassifyAsk(
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

  @Override
  public String fingerprint(String departmentId, String model) throws IOException {
    return models.classifier(departmentId, model).fingerprint();
  }

  @Override
  public GreedyCompletion label(String departmentId, String model, String text, String known)
      throws InterruptedException, IOException, GreedyCompletions.CompletionFailed {
    ClassificationRequest request =
        new ClassificationRequest(model, List.of(text), true, Integer.MAX_VALUE);
    try {
      Classification found = classify(departmentId, request);
      if (found.problem() != Task.Problem.SINGLE_LABEL_CLASSIFICATION) {
        throw InferenceRefused.unsupported(
            "model", "must give each text one label, but '%s' does not".formatted(model));
      }
      List<Reply.LabelScore> labels = found.texts().getFirst();
      return new GreedyCompletion.Given(
          labels.getFirst().label(), false, 0, likelihood(labels, known), found.fingerprint());
    } catch (InferenceRefused refused) {
      if (Thread.interrupted()) throw new InterruptedException();
      return switch (refused.type()) {
        case INVALID_PROMPT -> new GreedyCompletion.Refused(refused.getMessage());
        case UNAVAILABLE, INTERNAL -> throw GreedyCompletions.CompletionFailed.of(refused);
        default -> throw refused;
      };
    }
  }

  /** Returns null if the model does not know the label. */
  private static GreedyCompletion.@Nullable Likelihood likelihood(
      List<Reply.LabelScore> labels, String known) {
    for (Reply.LabelScore each : labels) {
      if (!each.label().equals(known)) continue;
      return new GreedyCompletion.Likelihood(
          Math.log(Math.max(each.score(), Double.MIN_NORMAL)), 1);
    }
    return null;
  }

  /**
   * Texts with their labels.
   *
   * @param created unix time in seconds
   * @param model as the request names it
   * @param version name of the model that answers, behind an alias
   * @param fingerprint changes when the files of the model change
   * @param published the result of a job that answers, or null
   * @param problem what the labels mean
   * @param texts labels of each, the likeliest first
   * @param tokens of all texts, with those that the tokenizer adds
   */
  record Classification(
      String id,
      long created,
      String model,
      String version,
      String fingerprint,
      @Nullable Adapter published,
      Task.Problem problem,
      List<List<Reply.LabelScore>> texts,
      int tokens) {}

  /**
   * Texts to label, checked.
   *
   * @param truncation whether a text that is too long is cut at its end instead of refused
   * @param topK the maximum number of labels per text
   */
  record ClassificationRequest(String model, List<String> texts, boolean truncation, int topK) {
    /** The maximum number of texts per request. */
    static final int MAX_TEXTS = 256;

    /** The maximum number of labels per text, for models with thousands of classes. */
    static final int MAX_LABELS = 100;

    ClassificationRequest {
      texts = List.copyOf(texts);
    }
  }
}
