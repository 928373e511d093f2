package dev.graft.inference.child;

import dev.graft.training.Generator;
import dev.graft.training.generation.LogProbabilities;
import dev.graft.training.generation.Sampler;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Answers one {@link Ask} after another on one loaded base model. One platform thread. */
final class Answerer {
  private final ChatText text;
  private final Generator generator;
  private @Nullable String adapter;

  Answerer(ChatText text, Generator generator) {
    this.text = text;
    this.generator = generator;
  }

  /**
   * @param pieces told as they come
   * @param cancelled asked after each token
   * @return the last reply
   */
  Reply answer(Ask ask, Consumer<Reply.Piece> pieces, BooleanSupplier cancelled) {
    try {
      wear(ask.adapter());
      int[] prompt = text.prompt(ask.messages());
      int bound = tokenBound(ask, prompt.length);
      checkBias(ask);
      int made = 0;
      try (Generator.Text read = generator.read(prompt)) {
        for (int choice = 0; choice < ask.choices() && !cancelled.getAsBoolean(); choice++) {
          if (choice > 0) read.rewind();
          made += speak(ask, choice, read, bound, pieces, cancelled);
        }
      }
      return new Reply.Done(ask.id(), prompt.length, made);
    } catch (PromptRefused refused) {
      return new Reply.Refused(
          ask.id(), refused.cause(), refused.param(), String.valueOf(refused.getMessage()));
    } catch (RuntimeException failed) {
      return new Reply.Failed(
          ask.id(), failed.getClass().getSimpleName() + ": " + failed.getMessage());
    }
  }

  private void wear(@Nullable String wanted) {
    if (Objects.equals(adapter, wanted)) return;
    // After a failure in between, nothing is known about what the base wears.
    adapter = "?";
    generator.adapter(wanted == null ? null : Path.of(wanted));
    adapter = wanted;
  }

  private int tokenBound(Ask ask, int promptTokens) {
    int context = generator.context();
    int room = context - promptTokens;
    Integer asked = ask.maxTokens();
    if (room < 1 || (asked != null && asked > room)) {
      String requested =
          asked == null
              ? "the messages have %d tokens".formatted(promptTokens)
              : "you requested %d tokens (%d in the messages, %d in the completion)"
                  .formatted((long) promptTokens + asked, promptTokens, asked);
      throw new PromptRefused(
          Reply.Cause.CONTEXT_LENGTH_EXCEEDED,
          "messages",
          "This model's maximum context length is %d tokens, but %s. Shorten the messages or the completion."
              .formatted(context, requested));
    }
    return asked != null ? asked : Math.min(room, ask.defaultMaxTokens());
  }

  private void checkBias(Ask ask) {
    for (int id : ask.sampling().logitBias().keySet()) {
      if (id < generator.vocabulary()) continue;
      throw new PromptRefused(
          Reply.Cause.INVALID_VALUE,
          "logit_bias",
          "'logit_bias' names token %d, but this model has tokens 0 to %d."
              .formatted(id, generator.vocabulary() - 1));
    }
  }

  /** One choice; returns its tokens. */
  private int speak(
      Ask ask,
      int choice,
      Generator.Text read,
      int bound,
      Consumer<Reply.Piece> pieces,
      BooleanSupplier cancelled) {
    Sampler sampler = ask.sampling().sampler(choice);
    AnswerText answer = new AnswerText(text, ask.stop());
    int made = 0;
    while (!cancelled.getAsBoolean()) {
      int id = sampler.next(read.logits());
      boolean ended = text.stopIds().contains(id);
      AnswerText.Said said = ended ? answer.rest() : answer.add(id, score(ask, read, id));
      if (!ended) made++;
      boolean full = made == bound;
      if (full && !ended) said = said.and(answer.rest());
      Reply.End end = ended || answer.stopped() ? Reply.End.STOP : full ? Reply.End.LENGTH : null;
      if (end != null || !said.isNothing()) {
        pieces.accept(new Reply.Piece(ask.id(), choice, said.text(), said.scores(), end));
      }
      if (end != null) break;
      read.append(id);
    }
    return made;
  }

  private @Nullable TokenScore score(Ask ask, Generator.Text read, int id) {
    Integer top = ask.topLogprobs();
    if (top == null) return null;
    LogProbabilities all = new LogProbabilities(read.logits());
    List<TokenScore.Candidate> best =
        all.top(top).stream()
            .map(each -> new TokenScore.Candidate(text.bytes(each.id()), each.logProbability()))
            .toList();
    return new TokenScore(text.bytes(id), all.of(id).logProbability(), best);
  }
}
