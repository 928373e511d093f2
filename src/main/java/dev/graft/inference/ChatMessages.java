package dev.graft.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** Reads {@code messages}: text turns of the three roles; anything else is refused by its path. */
final class ChatMessages {
  /** What SDKs send back from an answer, and a name; they may only be null or empty. */
  private static final Set<String> ONLY_EMPTY =
      Set.of("refusal", "annotations", "audio", "function_call", "tool_calls", "name");

  private ChatMessages() {}

  static List<Prompt.Turn> read(JsonNode messages) {
    if (messages.isMissingNode() || messages.isNull()) throw InferenceRefused.missing("messages");
    if (!messages.isArray() || messages.isEmpty()) {
      throw InferenceRefused.value("messages", "must be an array of at least one message");
    }
    List<Prompt.Turn> turns = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) {
      turns.add(turn(messages.get(i), "messages[" + i + "]"));
    }
    return turns;
  }

  private static Prompt.Turn turn(JsonNode message, String path) {
    if (!message.isObject()) throw InferenceRefused.value(path, "must be an object");
    for (Map.Entry<String, JsonNode> field : message.properties()) {
      String name = field.getKey();
      if (name.equals("role") || name.equals("content")) continue;
      String fieldPath = path + "." + name;
      if (!ONLY_EMPTY.contains(name)) throw InferenceRefused.unknown(fieldPath);
      JsonNode value = field.getValue();
      boolean empty = value.isNull() || (value.isArray() && value.isEmpty());
      if (!empty)
        throw InferenceRefused.unsupported(fieldPath, "is not supported in a message yet");
    }
    return new Prompt.Turn(
        role(message.path("role"), path + ".role"),
        content(message.path("content"), path + ".content"));
  }

  private static String role(JsonNode role, String path) {
    return switch (role.asString("")) {
      case "system", "developer" -> "system";
      case "user" -> "user";
      case "assistant" -> "assistant";
      case "tool", "function" ->
          throw InferenceRefused.unsupported(path, "tool is not supported yet");
      default ->
          throw InferenceRefused.value(path, "must be one of system, developer, user, assistant");
    };
  }

  private static String content(JsonNode content, String path) {
    if (content.isString()) return content.stringValue();
    if (!content.isArray()) {
      throw InferenceRefused.value(path, "must be a string or an array of text parts");
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      JsonNode part = content.get(i);
      String partPath = path + "[" + i + "]";
      if (!part.path("type").asString("").equals("text")) {
        throw InferenceRefused.unsupported(
            partPath + ".type", "must be text; nothing else is supported");
      }
      JsonNode piece = part.path("text");
      if (!piece.isString()) throw InferenceRefused.value(partPath + ".text", "must be a string");
      text.append(piece.stringValue());
    }
    return text.toString();
  }
}
