package dev.graft.inference.api;

import dev.graft.inference.serving.InferenceRefused;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/**
 * A request field that OpenAI documents, and what Graft does with it. A refused field may still be
 * sent with a value that asks for what happens anyway (its neutral values, or null), because
 * clients send their defaults.
 */
public interface RequestParameter {
  /** What happens to a field that is sent. */
  enum Treatment {
    /** Does what OpenAI's reference says, within the stated bounds. */
    HONOURED,
    /** Accepted; it would not change the answer. */
    IGNORED,
    /** Would change the answer and is not built: the request is refused with this param. */
    REFUSED
  }

  /**
   * @param neutral the values, as JSON text, that a bounded or refused field may have
   */
  record Rule(Treatment treatment, String note, List<String> neutral) {
    boolean accepts(JsonNode value) {
      return value.isNull() || neutral.contains(value.toString());
    }

    private boolean bounded() {
      return switch (treatment) {
        case HONOURED -> !neutral.isEmpty();
        case IGNORED -> false;
        case REFUSED -> true;
      };
    }
  }

  /** The enum constant. */
  String name();

  Rule rule();

  default String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** A table by wire name. */
  static Map<String, RequestParameter> byName(RequestParameter[] all) {
    return Stream.of(all)
        .collect(Collectors.toMap(RequestParameter::wireName, Function.identity()));
  }

  /** Refuses a body with a field that the table does not let pass, by its name. */
  static void check(Map<String, RequestParameter> table, JsonNode body) {
    if (!body.isObject()) throw InferenceRefused.notAnObject();
    for (Map.Entry<String, JsonNode> field : body.properties()) {
      String name = field.getKey();
      RequestParameter parameter = table.get(name);
      if (parameter == null) throw InferenceRefused.unknown(name);
      Rule rule = parameter.rule();
      if (!rule.bounded() || rule.accepts(field.getValue())) continue;
      String accepted = String.join(" or ", rule.neutral());
      throw InferenceRefused.unsupported(
          name,
          accepted.isEmpty()
              ? "is not supported: " + rule.note()
              : "must be absent or " + accepted + ": " + rule.note());
    }
  }
}
