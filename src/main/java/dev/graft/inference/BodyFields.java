package dev.graft.inference;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Reads the fields of a request's body. The error for an invalid field names it. */
record BodyFields(JsonNode body) {
  boolean has(String name) {
    JsonNode value = body.path(name);
    return !value.isMissingNode() && !value.isNull();
  }

  String model() {
    if (!has("model")) throw InferenceRefused.missing("model");
    JsonNode model = body.path("model");
    if (!model.isString() || model.stringValue().isBlank()) {
      throw InferenceRefused.value("model", "must be the name of a model");
    }
    return model.stringValue();
  }

  boolean flag(String name) {
    if (!has(name)) return false;
    if (!body.path(name).isBoolean()) throw InferenceRefused.value(name, "must be true or false");
    return body.path(name).booleanValue();
  }

  double number(String name, double least, double most, double absent) {
    return has(name) ? number(body.path(name), name, least, most) : absent;
  }

  static double number(JsonNode value, String path, double least, double most) {
    double number = value.isNumber() ? value.doubleValue() : Double.NaN;
    if (!(number >= least && number <= most)) {
      throw InferenceRefused.value(
          path, "must be a number from %s to %s".formatted(plain(least), plain(most)));
    }
    return number;
  }

  private static String plain(double bound) {
    return bound == (long) bound ? String.valueOf((long) bound) : String.valueOf(bound);
  }

  @Nullable Integer whole(String name, int least, int most) {
    if (!has(name)) return null;
    JsonNode value = body.path(name);
    if (!value.isInt() || value.intValue() < least || value.intValue() > most) {
      throw InferenceRefused.value(
          name,
          most == Integer.MAX_VALUE
              ? "must be a whole number of at least " + least
              : "must be a whole number from %d to %d".formatted(least, most));
    }
    return value.intValue();
  }

  @Nullable Long whole(String name) {
    if (!has(name)) return null;
    JsonNode value = body.path(name);
    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
      throw InferenceRefused.value(name, "must be a 64-bit whole number");
    }
    return value.longValue();
  }

  /** Reads one string or a list of strings. */
  List<String> strings(String name, int most) {
    if (!has(name)) return List.of();
    JsonNode value = body.path(name);
    List<String> strings = new ArrayList<>();
    for (JsonNode one : value.isArray() ? value : List.of(value)) {
      if (!one.isString() || one.stringValue().isEmpty()) {
        throw InferenceRefused.value(
            name, "must be a non-empty string, or a list of up to %d".formatted(most));
      }
      strings.add(one.stringValue());
    }
    if (strings.size() > most) {
      throw InferenceRefused.value(
          name, "must have at most %d strings, but has %d".formatted(most, strings.size()));
    }
    return strings;
  }

  /**
   * A request field that OpenAI documents, and how Graft treats it. A refused field may have null
   * or a neutral value, which would change nothing, because clients send their defaults.
   *
   * @param neutral the accepted values of a refused field, as JSON text
   */
  record RequestParameter(String name, Treatment treatment, String note, List<String> neutral) {
    /** How Graft treats a field. */
    enum Treatment {
      /** Has the meaning of OpenAI's reference, within the stated bounds. */
      HONOURED,
      /** Accepted; it would not change the answer. */
      IGNORED,
      /** Would change the answer but is not implemented: the request is refused with this param. */
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

    /** Refuses a body with an unknown or refused field. */
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
}
