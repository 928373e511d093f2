package dev.graft.inference;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The answer to a completion on the wire, whole; a part of it has one choice and no usage. */
record TextCompletion(
    String id,
    String object,
    long created,
    String model,
    List<Choice> choices,
    Usage usage,
    String systemFingerprint) {
  static final String OBJECT = "text_completion";

  /**
   * @param index prompts in order, the choices of each together
   */
  record Choice(
      String text,
      int index,
      @Nullable CompletionLogprobs logprobs,
      @Nullable String finishReason) {}

  /** Waits for the whole answer. */
  static TextCompletion of(Answering answering, boolean logprobs) {
    List<Answering.Choice> answers = answering.whole();
    List<Choice> choices =
        IntStream.range(0, answers.size())
            .mapToObj(i -> choice(i, answers.get(i), logprobs))
            .toList();
    Answering.Head head = answering.head();
    return new TextCompletion(
        head.id(),
        OBJECT,
        head.created(),
        head.model(),
        choices,
        Usage.of(answering.done()),
        head.fingerprint());
  }

  private static Choice choice(int index, Answering.Choice answer, boolean logprobs) {
    CompletionLogprobs scores = logprobs ? CompletionLogprobs.of(answer.scores()) : null;
    return new Choice(answer.text(), index, scores, answer.end().wire());
  }
}
