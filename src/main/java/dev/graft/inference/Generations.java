package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.inference.GreedyCompletions.GreedyCompletion;
import dev.graft.model.Sampling;
import dev.graft.platform.Ids;
import dev.graft.platform.Span;
import dev.graft.text.Example;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;
import org.springframework.stereotype.Service;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Generates answers: resolves the model and asks it. */
@Service
class Generations implements GreedyCompletions {
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
   * Begins an answer, which the caller must close.
   *
   * @param prefix of the answer's id
   */
  OngoingGeneration begin(String departmentId, String prefix, GenerationRequest request)
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

  /** Answers one prompt after the other. Each waits in the queue of the model. */
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
      InferrerOrder.GenerateAsk ask =
          new InferrerOrder.GenerateAsk(
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

  @Override
  public String fingerprint(String departmentId, String model) throws IOException {
    return models.writer(departmentId, model).fingerprint();
  }

  @Override
  public GreedyCompletion ask(
      String departmentId, String model, Example.Completion question, int maxTokens)
      throws InterruptedException, IOException, GreedyCompletions.CompletionFailed {
    Prompt prompt = GreedyCompletions.ReferenceAnswer.prompt(question);
    String reference = GreedyCompletions.ReferenceAnswer.reference(question);
    if (prompt == null || reference == null) {
      return new GreedyCompletion.Refused(
          "The question is not text by the roles system, user and assistant.");
    }
    try {
      Answer own = complete(departmentId, model, prompt, decoding(maxTokens, false));
      return new GreedyCompletion.Given(
          own.choice().text(),
          own.choice().end() == Reply.End.LENGTH,
          own.tokens(),
          likelihood(departmentId, model, prompt, reference),
          own.fingerprint());
    } catch (InferenceRefused refused) {
      return switch (refused.type()) {
        case CONTEXT_LENGTH_EXCEEDED, INVALID_PROMPT, INVALID_VALUE ->
            new GreedyCompletion.Refused(refused.getMessage());
        case UNAVAILABLE, INTERNAL -> throw GreedyCompletions.CompletionFailed.of(refused);
        default -> throw refused;
      };
    }
  }

  /** Returns null if an engine answers, or if the answer does not fit the context. */
  private GreedyCompletion.@Nullable Likelihood likelihood(
      String departmentId, String model, Prompt prompt, String reference)
      throws InterruptedException, IOException {
    try {
      Prompt known = new Prompt.Answered(prompt, reference);
      List<Reply.TokenScore> scores =
          complete(departmentId, model, known, decoding(0, true)).choice().scores();
      double sum = 0;
      for (Reply.TokenScore each : scores) {
        Double logProbability = each.logProbability();
        if (logProbability == null) return null;
        sum += logProbability;
      }
      return new GreedyCompletion.Likelihood(sum, scores.size());
    } catch (InferenceRefused refused) {
      return switch (refused.type()) {
        case CONTEXT_LENGTH_EXCEEDED, INVALID_PROMPT, INVALID_VALUE -> null;
        default -> throw refused;
      };
    }
  }

  private record Answer(OngoingGeneration.Choice choice, int tokens, String fingerprint) {}

  private Answer complete(
      String departmentId, String model, Prompt prompt, InferrerOrder.Decoding decoding)
      throws InterruptedException, IOException {
    GenerationRequest request = new GenerationRequest(model, List.of(prompt), decoding);
    try (OngoingGeneration answering = begin(departmentId, "answer-", request)) {
      OngoingGeneration.Choice choice = answering.whole().getFirst();
      return new Answer(
          choice, answering.done().completionTokens(), answering.head().fingerprint());
    } catch (InferenceRefused refused) {
      // an interruption while waiting is reported as a refusal
      if (Thread.interrupted()) throw new InterruptedException();
      throw refused;
    }
  }

  private static InferrerOrder.Decoding decoding(int maxTokens, boolean scored) {
    return new InferrerOrder.Decoding(
        scored, maxTokens, 1, Sampling.GREEDY, List.of(), scored ? 0 : null);
  }

  /**
   * An answer in progress. It is generated on its own thread, so that a slow reader does not block
   * the model. Closing it early cancels it.
   */
  static final class OngoingGeneration implements AutoCloseable {
    /** Generates the answer. The thread is interrupted when the answer is closed. */
    interface Work {
      Reply.Done answer(Consumer<Reply.Piece> pieces) throws InterruptedException;
    }

    private final Head head;
    private final LinkedBlockingQueue<Optional<Reply.Piece>> pieces = new LinkedBlockingQueue<>();
    private final FutureTask<Reply.Done> making;

    /**
     * The fields that all parts of an answer share.
     *
     * @param created unix time in seconds
     * @param model as the request names it
     * @param version name of the model that answers, behind an alias
     * @param fingerprint changes when the files of the model change
     * @param published the result of a job that answers, or null
     */
    record Head(
        String id,
        long created,
        String model,
        String version,
        String fingerprint,
        @Nullable Adapter published) {
      /** Returns an object of this answer without choices. */
      ObjectNode frame(String object) {
        return JsonNodeFactory.instance
            .objectNode()
            .put("id", id)
            .put("object", object)
            .put("created", created)
            .put("model", model)
            .put("system_fingerprint", fingerprint);
      }
    }

    /** One whole answer. */
    record Choice(String text, List<Reply.TokenScore> scores, Reply.End end) {}

    /** Starts the thread, which logs with the context of the request. */
    OngoingGeneration(Head head, Work work) {
      this.head = head;
      Map<String, String> logged =
          Objects.requireNonNullElse(MDC.getCopyOfContextMap(), Map.<String, String>of());
      Span request = Span.current();
      this.making =
          new FutureTask<>(
              () -> {
                MDC.setContextMap(logged);
                try (Span _ = request.child("make answer", Span.Kind.INTERNAL)) {
                  return work.answer(piece -> pieces.add(Optional.of(piece)));
                } finally {
                  pieces.add(Optional.empty());
                }
              });
      Thread.ofVirtual().name("answer-" + head.id()).start(making);
    }

    Head head() {
      return head;
    }

    /**
     * Waits for the next piece; returns empty after the last.
     *
     * @throws dev.graft.platform.RequestFailed if the answer failed
     */
    Optional<Reply.Piece> next() {
      try {
        Optional<Reply.Piece> piece = pieces.take();
        if (piece.isEmpty()) done();
        return piece;
      } catch (InterruptedException stopping) {
        Thread.currentThread().interrupt();
        throw InferenceRefused.unavailable();
      }
    }

    /** Waits for the whole answer; returns its choices in order. */
    List<Choice> whole() {
      List<Choice> choices = new ArrayList<>();
      StringBuilder text = new StringBuilder();
      List<Reply.TokenScore> scores = new ArrayList<>();
      for (Optional<Reply.Piece> next = next(); next.isPresent(); next = next()) {
        Reply.Piece piece = next.get();
        text.append(piece.text());
        scores.addAll(piece.scores());
        if (piece.end() == null) continue;
        choices.add(new Choice(text.toString(), List.copyOf(scores), piece.end()));
        text.setLength(0);
        scores.clear();
      }
      return choices;
    }

    /** Returns the counts of tokens, after {@link #next} returned empty. */
    Reply.Done done() {
      try {
        return making.get();
      } catch (ExecutionException failed) {
        if (failed.getCause() instanceof RuntimeException known) throw known;
        throw new IllegalStateException(failed.getCause());
      } catch (InterruptedException | CancellationException stopping) {
        throw InferenceRefused.unavailable();
      }
    }

    @Override
    public void close() {
      making.cancel(true);
    }
  }
}
