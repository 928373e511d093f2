package dev.graft.inference;

import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * A request field that OpenAI documents, and what Graft does with it. A refused field may still be
 * sent with a value that asks for what happens anyway (its neutral values, or null), because
 * clients send their defaults.
 *
 * @param neutral the values, as JSON text, that a refused field may have
 */
record RequestParameter(String name, Treatment treatment, String note, List<String> neutral) {
  /** What happens to a field that is sent. */
  enum Treatment {
    /** Does what OpenAI's reference says, within the stated bounds. */
    HONOURED,
    /** Accepted; it would not change the answer. */
    IGNORED,
    /** Would change the answer and is not built: the request is refused with this param. */
    REFUSED
  }

  static RequestParameter honoured(String name, String note) {
    return new RequestParameter(name, Treatment.HONOURED, note, List.of());
  }

  static RequestParameter ignored(String name, String note) {
    return new RequestParameter(name, Treatment.IGNORED, note, List.of());
  }

  static RequestParameter refused(String name, String note, String... neutral) {
    return new RequestParameter(name, Treatment.REFUSED, note, List.of(neutral));
  }

  /** Refuses a body with a field that the table does not let pass, by its name. */
  static void check(List<RequestParameter> table, JsonNode body) {
    if (!body.isObject()) throw InferenceRefused.notAnObject();
    for (Map.Entry<String, JsonNode> field : body.properties()) {
      table.stream()
          .filter(parameter -> parameter.name.equals(field.getKey()))
          .findFirst()
          .orElseThrow(() -> InferenceRefused.unknown(field.getKey()))
          .check(field.getValue());
    }
  }

  private void check(JsonNode value) {
    if (treatment != Treatment.REFUSED || value.isNull()) return;
    if (neutral.contains(value.toString())) return;
    String accepted = String.join(" or ", neutral);
    throw InferenceRefused.unsupported(
        name,
        accepted.isEmpty()
            ? "is not supported: " + note
            : "must be absent or " + accepted + ": " + note);
  }
}
