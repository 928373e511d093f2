package dev.graft.inference;

import dev.graft.adapters.Adapter;
import dev.graft.platform.Span;
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
import org.slf4j.MDC;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * An answer in the making, on a thread of its own: a caller who reads slowly does not hold the
 * model. Closing it before its end cancels it.
 */
final class OngoingGeneration implements AutoCloseable {
  /** Makes the answer; interrupted when nobody waits for it any more. */
  interface Work {
    Reply.Done answer(Consumer<Reply.Piece> pieces) throws InterruptedException;
  }

  private final Head head;
  private final LinkedBlockingQueue<Optional<Reply.Piece>> pieces = new LinkedBlockingQueue<>();
  private final FutureTask<Reply.Done> making;

  /**
   * What every part of an answer says of it.
   *
   * @param created unix time in seconds
   * @param model as it was asked for
   * @param version name of the model that answers: of an alias what it stood for
   * @param fingerprint changes when the files that answer do
   * @param published the result of a job that answers, or null
   */
  public record Head(
      String id,
      long created,
      String model,
      String version,
      String fingerprint,
      @Nullable Adapter published) {
    /** An object of this answer, without choices. */
    public ObjectNode frame(String object) {
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
  public record Choice(String text, List<TokenScore> scores, Reply.End end) {}

  /** What is logged on the way says whose request it is. */
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

  public Head head() {
    return head;
  }

  /**
   * Waits for the next piece; empty after the last.
   *
   * @throws dev.graft.platform.RequestFailed if the answer could not be made (any further)
   */
  public Optional<Reply.Piece> next() {
    try {
      Optional<Reply.Piece> piece = pieces.take();
      if (piece.isEmpty()) done();
      return piece;
    } catch (InterruptedException stopping) {
      Thread.currentThread().interrupt();
      throw InferenceRefused.unavailable();
    }
  }

  /** Waits for all of it: the choices in order. */
  public List<Choice> whole() {
    List<Choice> choices = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    List<TokenScore> scores = new ArrayList<>();
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

  /** The counts, once {@link #next} was empty. */
  public Reply.Done done() {
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
