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
  /** Reads a body; what cannot be honoured is refused by its name. */
  static ChatRequest read(JsonNode body) {
    RequestParameter.check(ChatParameter.TABLE, body);
    BodyFields fields = new BodyFields(body);
    return new ChatRequest(
        fields.model(),
        ChatMessages.read(body.path("messages")),
        Decoding.read(fields),
        StreamOptions.read(fields));
  }
}
