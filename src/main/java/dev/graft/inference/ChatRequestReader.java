package dev.graft.inference;

import dev.graft.inference.child.Ask;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the body of a chat request; everything it cannot honour is refused by its name. */
final class ChatRequestReader {
  /** Fields of a message that SDKs send back from an answer; they may only be empty. */
  private static final Set<String> EMPTY_IN_MESSAGE =
      Set.of("refusal", "annotations", "audio", "function_call", "tool_calls", "name");

  private static final int MAX_STOPS = 4;

  private ChatRequestReader() {}

  static ChatRequest read(JsonNode body) {
    if (!body.isObject()) throw refused(null, "invalid_type", "The request body must be a JSON object.");
    for (Map.Entry<String, JsonNode> field : body.properties()) check(field.getKey(), field.getValue());
    String model = body.path("model").isString() ? body.path("model").stringValue() : "";
    if (model.isEmpty()) throw missing("model");
    return new ChatRequest(model, messages(body.path("messages")), maxTokens(body), stop(body.path("stop")));
  }

  private static void check(String name, JsonNode value) {
    ChatParameter parameter =
        ChatParameter.named(name)
            .orElseThrow(
                () -> refused(name, "unknown_parameter", "Unknown parameter: '" + name + "'."));
    switch (parameter.treatment()) {
      case IGNORED -> {}
      case HONOURED -> {
        if (!parameter.neutral().isEmpty() && !parameter.accepts(value)) {
          throw unsupported(parameter);
        }
      }
      case REFUSED -> {
        if (!parameter.accepts(value)) throw unsupported(parameter);
      }
    }
  }

  private static List<Ask.Turn> messages(JsonNode messages) {
    if (!messages.isArray() || messages.isEmpty()) throw missing("messages");
    List<Ask.Turn> turns = new ArrayList<>();
    for (int i = 0; i < messages.size(); i++) turns.add(turn(messages.get(i), "messages[" + i + "]"));
    return turns;
  }

  private static Ask.Turn turn(JsonNode message, String path) {
    if (!message.isObject()) throw refused(path, "invalid_type", path + " must be an object.");
    for (Map.Entry<String, JsonNode> field : message.properties()) {
      String name = field.getKey();
      if (name.equals("role") || name.equals("content")) continue;
      boolean empty = field.getValue().isNull() || (field.getValue().isArray() && field.getValue().isEmpty());
      if (!EMPTY_IN_MESSAGE.contains(name)) {
        throw refused(path + "." + name, "unknown_parameter", "Unknown parameter: '" + path + "." + name + "'.");
      }
      if (!empty) throw notBuilt(path + "." + name, "'" + name + "' in a message");
    }
    return new Ask.Turn(role(message.path("role"), path + ".role"), content(message.path("content"), path + ".content"));
  }

  private static String role(JsonNode role, String path) {
    return switch (role.isString() ? role.stringValue() : "") {
      case "system", "developer" -> "system";
      case "user" -> "user";
      case "assistant" -> "assistant";
      case "tool", "function" -> throw notBuilt(path, "Tool turns");
      default ->
          throw refused(path, "invalid_value", path + " must be one of system, developer, user, assistant.");
    };
  }

  private static String content(JsonNode content, String path) {
    if (content.isString()) return content.stringValue();
    if (!content.isArray()) {
      throw refused(path, "invalid_type", path + " must be a string or an array of text parts.");
    }
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < content.size(); i++) {
      JsonNode part = content.get(i);
      String partPath = path + "[" + i + "]";
      if (!part.path("type").isString() || !part.path("type").stringValue().equals("text")) {
        throw notBuilt(partPath + ".type", "Content other than text");
      }
      if (!part.path("text").isString()) {
        throw refused(partPath + ".text", "invalid_type", partPath + ".text must be a string.");
      }
      text.append(part.path("text").stringValue());
    }
    return text.toString();
  }

  private static @Nullable Integer maxTokens(JsonNode body) {
    Integer newer = positive(body.path("max_completion_tokens"), "max_completion_tokens");
    Integer older = positive(body.path("max_tokens"), "max_tokens");
    if (newer != null && older != null && !newer.equals(older)) {
      throw refused("max_tokens", "invalid_value", "max_tokens and max_completion_tokens disagree; send one of them.");
    }
    return newer != null ? newer : older;
  }

  private static @Nullable Integer positive(JsonNode value, String path) {
    if (value.isMissingNode() || value.isNull()) return null;
    if (!value.isInt() || value.intValue() < 1) {
      throw refused(path, "invalid_value", path + " must be a whole number of at least 1.");
    }
    return value.intValue();
  }

  private static List<String> stop(JsonNode stop) {
    if (stop.isMissingNode() || stop.isNull()) return List.of();
    List<String> strings = new ArrayList<>();
    if (stop.isArray()) {
      if (stop.size() > MAX_STOPS) {
        throw refused("stop", "array_above_max_length", "stop may hold up to 4 strings, not " + stop.size() + ".");
      }
      for (JsonNode one : stop) strings.add(stopString(one));
    } else {
      strings.add(stopString(stop));
    }
    return strings;
  }

  private static String stopString(JsonNode one) {
    if (!one.isString() || one.stringValue().isEmpty()) {
      throw refused("stop", "invalid_value", "stop must be a string that is not empty, or an array of up to 4.");
    }
    return one.stringValue();
  }
}
