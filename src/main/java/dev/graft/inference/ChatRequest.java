package dev.graft.inference;

import dev.graft.inference.child.Ask;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * What a chat asks for, checked.
 *
 * @param stream null if the answer comes whole
 */
record ChatRequest(
    String model, List<Ask.Turn> messages, Decoding decoding, @Nullable StreamOptions stream) {
  private static final int MAX_TOP = 20;

  /** Reads a body; what cannot be honoured is refused by its name. */
  static ChatRequest read(JsonNode body) {
    RequestParameter.check(ChatParameter.TABLE, body);
    BodyFields fields = new BodyFields(body);
    return new ChatRequest(
        fields.model(),
        ChatMessages.read(body.path("messages")),
        Decoding.read(fields, topLogprobs(fields)),
        StreamOptions.read(fields));
  }

  private static @Nullable Integer topLogprobs(BodyFields fields) {
    Integer top = fields.whole("top_logprobs", 0, MAX_TOP);
    boolean wanted = fields.flag("logprobs");
    if (!wanted && top != null && top > 0) {
      throw ChatRefused.value("top_logprobs", "is for requests with logprobs: true");
    }
    return !wanted ? null : top == null ? (Integer) 0 : top;
  }
}
