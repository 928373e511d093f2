package dev.graft.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the body of a chat request; what it cannot honour is refused by its name. */
final class ChatRequestReader {
  private static final int MAX_STOPS = 4;

  private ChatRequestReader() {}

  static ChatRequest read(JsonNode body) {
    if (!body.isObject()) throw ChatRefused.notAnObject();
    for (Map.Entry<String, JsonNode> field : body.properties()) {
      check(field.getKey(), field.getValue());
    }
    return new ChatRequest(
        model(body.path("model")),
        ChatMessages.read(body.path("messages")),
        maxTokens(body),
        stop(body.path("stop")));
  }

  private static void check(String name, JsonNode value) {
    ChatParameter parameter =
        ChatParameter.named(name).orElseThrow(() -> ChatRefused.unknown(name));
    boolean bounded =
        switch (parameter.treatment()) {
          case HONOURED -> !parameter.neutral().isEmpty();
          case IGNORED -> false;
          case REFUSED -> true;
        };
    if (bounded && !parameter.accepts(value)) {
      String accepted = String.join(" or ", parameter.neutral());
      throw ChatRefused.unsupported(
          name,
          accepted.isEmpty()
              ? "is not supported: " + parameter.note()
              : "must be absent or " + accepted + ": " + parameter.note());
    }
  }

  private static String model(JsonNode model) {
    if (model.isMissingNode() || model.isNull()) throw ChatRefused.missing("model");
    String name = model.asString("");
    if (!model.isString() || name.isBlank()) {
      throw ChatRefused.value("model", "must be the name of a model");
    }
    return name;
  }

  private static @Nullable Integer maxTokens(JsonNode body) {
    Integer newer = positive(body.path("max_completion_tokens"), "max_completion_tokens");
    Integer older = positive(body.path("max_tokens"), "max_tokens");
    if (newer != null && older != null && !newer.equals(older)) {
      throw ChatRefused.value(
          "max_tokens", "disagrees with max_completion_tokens; send one of them");
    }
    return newer != null ? newer : older;
  }

  private static @Nullable Integer positive(JsonNode value, String name) {
    if (value.isMissingNode() || value.isNull()) return null;
    if (!value.isInt() || value.intValue() < 1) {
      throw ChatRefused.value(name, "must be a whole number of at least 1");
    }
    return value.intValue();
  }

  private static List<String> stop(JsonNode stop) {
    if (stop.isMissingNode() || stop.isNull()) return List.of();
    List<String> strings = new ArrayList<>();
    for (JsonNode one : stop.isArray() ? stop : List.of(stop)) {
      if (!one.isString() || one.stringValue().isEmpty()) {
        throw ChatRefused.value("stop", "must be a string that is not empty, or up to 4 of them");
      }
      strings.add(one.stringValue());
    }
    if (strings.size() > MAX_STOPS) {
      throw ChatRefused.value("stop", "may hold up to 4 strings, not " + strings.size());
    }
    return strings;
  }
}
