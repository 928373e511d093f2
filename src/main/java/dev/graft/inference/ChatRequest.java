package dev.graft.inference;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads the body of a chat; what cannot be honoured is refused by its name. */
final class ChatRequest {
  private static final int MAX_TOP = 20;

  private ChatRequest() {}

  static GenerationRequest read(BodyFields fields) {
    RequestParameter.check(ChatParameters.ALL, fields.body());
    return new GenerationRequest(
        fields.model(),
        List.of(new Prompt.Conversation(ChatMessages.read(fields.body().path("messages")))),
        DecodingReader.read(fields, false, maxTokens(fields), topLogprobs(fields)));
  }

  private static @Nullable Integer maxTokens(BodyFields fields) {
    Integer newer = fields.whole("max_completion_tokens", 1, Integer.MAX_VALUE);
    Integer older = fields.whole("max_tokens", 1, Integer.MAX_VALUE);
    if (newer != null && older != null && !newer.equals(older)) {
      throw InferenceRefused.value(
          "max_tokens", "disagrees with max_completion_tokens; send one of them");
    }
    return newer != null ? newer : older;
  }

  private static @Nullable Integer topLogprobs(BodyFields fields) {
    Integer top = fields.whole("top_logprobs", 0, MAX_TOP);
    boolean wanted = fields.flag("logprobs");
    if (!wanted && top != null && top > 0) {
      throw InferenceRefused.value("top_logprobs", "is for requests with logprobs: true");
    }
    return !wanted ? null : top == null ? (Integer) 0 : top;
  }
}
