package dev.graft.inference.api.chat;

import dev.graft.inference.api.CompletionUsage;
import dev.graft.inference.generation.OngoingGeneration;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** The answer on the wire; fields and null values as OpenAI's SDKs expect them. */
record ChatCompletion(
    String id,
    String object,
    long created,
    String model,
    List<Choice> choices,
    CompletionUsage usage,
    String systemFingerprint) {

  /**
   * @param finishReason {@code stop}: the model or a stop string ended the answer; {@code length}:
   *     the token bound did
   */
  record Choice(
      int index, AssistantMessage message, @Nullable ChatLogprobs logprobs, String finishReason) {}

  record AssistantMessage(String role, String content, @Nullable String refusal) {}

  /** Waits for the whole answer. */
  static ChatCompletion of(OngoingGeneration answering, boolean logprobs) {
    List<OngoingGeneration.Choice> answers = answering.whole();
    List<Choice> choices =
        IntStream.range(0, answers.size())
            .mapToObj(i -> choice(i, answers.get(i), logprobs))
            .toList();
    OngoingGeneration.Head head = answering.head();
    return new ChatCompletion(
        head.id(),
        "chat.completion",
        head.created(),
        head.model(),
        choices,
        CompletionUsage.of(answering.done()),
        head.fingerprint());
  }

  private static Choice choice(int index, OngoingGeneration.Choice answer, boolean logprobs) {
    AssistantMessage message = new AssistantMessage("assistant", answer.text(), null);
    ChatLogprobs scores = logprobs ? ChatLogprobs.of(answer.scores()) : null;
    return new Choice(index, message, scores, answer.end().wire());
  }
}
