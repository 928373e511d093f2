package dev.graft.inference;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The answer on the wire; fields and null values as OpenAI's SDKs expect them. */
@Schema(name = "ChatCompletion")
record ChatCompletion(
    String id,
    String object,
    long created,
    String model,
    List<Choice> choices,
    Usage usage,
    @Nullable String systemFingerprint) {

  /**
   * @param finishReason {@code stop}: the model or a stop string ended the answer; {@code length}:
   *     the token bound did
   */
  @Schema(name = "ChatCompletionChoice")
  record Choice(int index, Message message, @Nullable Object logprobs, String finishReason) {}

  @Schema(name = "ChatCompletionMessage")
  record Message(String role, String content, @Nullable String refusal) {}

  @Schema(name = "CompletionUsage")
  record Usage(int promptTokens, int completionTokens, int totalTokens) {}

  static ChatCompletion of(
      String id, long created, String model, String text, boolean stopped, Usage usage) {
    Message message = new Message("assistant", text, null);
    Choice choice = new Choice(0, message, null, stopped ? "stop" : "length");
    return new ChatCompletion(id, "chat.completion", created, model, List.of(choice), usage, null);
  }
}
