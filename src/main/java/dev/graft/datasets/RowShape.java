package dev.graft.datasets;

import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shapes of a training row, OpenAI's and plain text. */
enum RowShape {
  CHAT("messages"),
  PROMPT_COMPLETION("prompt/completion"),
  TEXT("text");

  private static final Set<String> ROLES =
      Set.of("system", "developer", "user", "assistant", "tool", "function");
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final String shown;

  RowShape(String shown) {
    this.shown = shown;
  }

  /** The shape of this line. Throws {@link RowRejected} if it has none. */
  static RowShape of(String line) {
    JsonNode row = parse(line);
    if (!row.isObject()) {
      throw new RowRejected("is not a JSON object");
    }
    if (row.has("messages")) {
      return chat(row.get("messages"));
    }
    if (row.has("prompt") || row.has("completion")) {
      text(row, "prompt");
      text(row, "completion");
      return PROMPT_COMPLETION;
    }
    if (row.has("text")) {
      text(row, "text");
      return TEXT;
    }
    throw new RowRejected("has none of 'messages', 'prompt' and 'completion', 'text'");
  }

  private static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (JacksonException e) {
      throw new RowRejected("is not valid JSON (one object a line is expected)");
    }
  }

  private static RowShape chat(JsonNode messages) {
    if (!messages.isArray() || messages.isEmpty()) {
      throw new RowRejected("'messages' is not a list of at least one message");
    }
    boolean answered = false;
    for (int i = 0; i < messages.size(); i++) {
      JsonNode role = messages.get(i).path("role");
      if (!role.isString() || !ROLES.contains(role.stringValue())) {
        throw new RowRejected(
            "messages[" + i + "].role is not one of " + ROLES.stream().sorted().toList());
      }
      JsonNode content = messages.get(i).path("content");
      boolean calls = messages.get(i).has("tool_calls");
      if (!content.isString() && !content.isArray() && !calls) {
        throw new RowRejected("messages[" + i + "].content is not a text");
      }
      answered |= role.stringValue().equals("assistant");
    }
    if (!answered) {
      throw new RowRejected("has no message of role 'assistant' to learn from");
    }
    return CHAT;
  }

  private static void text(JsonNode row, String field) {
    if (!row.path(field).isString()) {
      throw new RowRejected("'" + field + "' is not a text");
    }
  }

  @Override
  public String toString() {
    return shown;
  }
}
