package dev.graft.inference.api.completions;

import dev.graft.inference.api.CompletionUsage;
import dev.graft.inference.generation.OngoingGeneration;
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
    CompletionUsage usage,
    String systemFingerprint) {
  static final String OBJECT = "text_completion";

  /**
   * @param index prompts in order, the choices of each together
   */
  record Choice(
      String text,
      int index,
      @Nullable TextCompletionLogprobs logprobs,
      @Nullable String finishReason) {}

  /** Waits for the whole answer. */
  static TextCompletion of(OngoingGeneration answering, boolean logprobs) {
    List<OngoingGeneration.Choice> answers = answering.whole();
    List<Choice> choices =
        IntStream.range(0, answers.size())
            .mapToObj(i -> choice(i, answers.get(i), logprobs))
            .toList();
    OngoingGeneration.Head head = answering.head();
    return new TextCompletion(
        head.id(),
        OBJECT,
        head.created(),
        head.model(),
        choices,
        CompletionUsage.of(answering.done()),
        head.fingerprint());
  }

  private static Choice choice(int index, OngoingGeneration.Choice answer, boolean logprobs) {
    TextCompletionLogprobs scores = logprobs ? TextCompletionLogprobs.of(answer.scores()) : null;
    return new Choice(answer.text(), index, scores, answer.end().wire());
  }
}
