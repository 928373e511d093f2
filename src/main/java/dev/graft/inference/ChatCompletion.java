package dev.graft.inference;

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
    Usage usage,
    String systemFingerprint) {

  /**
   * @param finishReason {@code stop}: the model or a stop string ended the answer; {@code length}:
   *     the token bound did
   */
  record Choice(int index, Message message, @Nullable ChatLogprobs logprobs, String finishReason) {}

  record Message(String role, String content, @Nullable String refusal) {}

  /** Waits for the whole answer. */
  static ChatCompletion of(Answering answering, boolean logprobs) {
    List<Answering.Choice> answers = answering.whole();
    List<Choice> choices =
        IntStream.range(0, answers.size())
            .mapToObj(i -> choice(i, answers.get(i), logprobs))
            .toList();
    Answering.Head head = answering.head();
    return new ChatCompletion(
        head.id(),
        "chat.completion",
        head.created(),
        head.model(),
        choices,
        Usage.of(answering.done()),
        head.fingerprint());
  }

  private static Choice choice(int index, Answering.Choice answer, boolean logprobs) {
    Message message = new Message("assistant", answer.text(), null);
    ChatLogprobs scores = logprobs ? ChatLogprobs.of(answer.scores()) : null;
    return new Choice(index, message, scores, answer.end().wire());
  }
}
