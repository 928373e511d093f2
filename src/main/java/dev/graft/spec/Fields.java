package dev.graft.spec;

import static java.util.Locale.ROOT;

import dev.graft.spec.SpecRejected.Problem;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads a JSON object. Every getter records its key and, if the value is invalid, adds a problem at
 * its path; {@link #refuseUnknown} then refuses the keys that no getter has read. A JSON null
 * counts as a missing key, except for {@link #isNull}.
 */
final class Fields {
  private static final String MODULES = "[A-Za-z0-9_.]{1,200}";

  private final @Nullable JsonNode node;
  private final String path;
  private final List<Problem> problems;
  private final Set<String> known = new HashSet<>();
  private final @Nullable FieldSchema asked;

  Fields(@Nullable JsonNode node, String path, List<Problem> problems) {
    this(node, path, problems, null);
  }

  /**
   * @param asked records the keys, types and bounds that are read; may be null
   */
  Fields(
      @Nullable JsonNode node, String path, List<Problem> problems, @Nullable FieldSchema asked) {
    boolean object = node != null && node.isObject();
    if (node != null && !object && !node.isNull()) {
      problems.add(new Problem(path, "must be an object"));
    }
    this.node = object ? node : null;
    this.path = path;
    this.problems = problems;
    this.asked = asked;
  }

  boolean present() {
    return node != null;
  }

  String path(String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  void refuse(String key, String message) {
    problems.add(new Problem(path(key), message));
  }

  /** Adds a problem of another object, at its whole path. */
  void refuseAt(String path, String message) {
    problems.add(new Problem(path, message));
  }

  Fields object(String key) {
    FieldSchema inner = asked == null ? null : asked.object(key);
    return new Fields(value(key), path(key), problems, inner);
  }

  /** Returns the value of a key; null if it is missing or a JSON null. */
  @Nullable JsonNode value(String key) {
    known(key);
    JsonNode value = node == null ? null : node.get(key);
    return value == null || value.isNull() ? null : value;
  }

  boolean isNull(String key) {
    JsonNode value = node == null ? null : node.get(key);
    return value != null && value.isNull();
  }

  @Nullable Integer integer(String key, long least, long most) {
    Long value = longInteger(key, least, most);
    return value == null ? null : value.intValue();
  }

  int integer(String key, long least, long most, int byDefault) {
    return or(integer(key, least, most), byDefault);
  }

  /** Returns a whole number that may exceed the range of an {@code int}. */
  @Nullable Long longInteger(String key, long least, long most) {
    if (asked != null) asked.integer(key, least, most);
    JsonNode value = value(key);
    if (value == null) return null;
    boolean whole = value.isNumber() && value.doubleValue() == Math.rint(value.doubleValue());
    if (whole && value.doubleValue() >= least && value.doubleValue() <= most) {
      return value.isIntegralNumber() ? value.longValue() : (long) value.doubleValue();
    }
    refuse(key, "must be a whole number from " + least + " to " + most);
    return null;
  }

  /**
   * Returns a string that matches a pattern.
   *
   * @param requirement the message for any other value, such as {@code must be a name}
   */
  @Nullable String text(String key, Pattern form, String requirement) {
    if (asked != null) asked.any(key);
    JsonNode value = value(key);
    if (value == null) return null;
    if (value.isString() && form.matcher(value.stringValue()).matches()) return value.stringValue();
    refuse(key, requirement);
    return null;
  }

  /** Returns a finite number in [least, most]. */
  @Nullable Double number(String key, double least, double most) {
    return number(key, least, most, "");
  }

  double number(String key, double least, double most, double byDefault) {
    return or(number(key, least, most), byDefault);
  }

  /**
   * As {@link #number(String, double, double)}.
   *
   * @param typical a hint at typical values, added to the message for other values; may be empty
   */
  @Nullable Double number(String key, double least, double most, String typical) {
    if (asked != null) asked.number(key, least, most);
    JsonNode value = value(key);
    if (value == null) return null;
    if (value.isNumber() && value.doubleValue() >= least && value.doubleValue() <= most) {
      return value.doubleValue();
    }
    String range = "must be a number from " + shown(least) + " to " + shown(most);
    refuse(key, typical.isEmpty() ? range : range + "; " + typical);
    return null;
  }

  /** Formats a number for messages: {@code 0}, {@code 0.999}, {@code 2e-4}. */
  static String shown(double number) {
    double size = Math.abs(number);
    BigDecimal exact = new BigDecimal(Double.toString(number)).stripTrailingZeros();
    if (size == 0 || size >= 1e-3 && size < 1e9) return exact.toPlainString();
    return Double.toString(number).replace(".0E", "e").replace('E', 'e');
  }

  /** Returns a list of whole numbers or a single one; empty if the key is missing. */
  List<Integer> integers(String key, int least, int most) {
    if (asked != null) asked.integers(key, least, most);
    JsonNode value = value(key);
    if (value == null) return List.of();
    List<Integer> numbers = new ArrayList<>();
    for (JsonNode each : value.isArray() ? value : List.of(value)) {
      if (each.isIntegralNumber() && each.canConvertToInt()) numbers.add(each.intValue());
      else numbers.add(least - 1);
    }
    if (numbers.stream().allMatch(number -> number >= least && number <= most)) {
      return numbers.stream().distinct().toList();
    }
    refuse(key, "must be whole numbers from " + least + " to " + most);
    return List.of();
  }

  /** Returns a list of module names or a single one; empty if the key is missing. */
  List<String> texts(String key) {
    if (asked != null) asked.texts(key, MODULES);
    JsonNode value = value(key);
    if (value == null) return List.of();
    List<String> texts = new ArrayList<>();
    for (JsonNode each : value.isArray() ? value : List.of(value)) {
      texts.add(each.isString() ? each.stringValue() : "");
    }
    if (texts.stream().allMatch(text -> text.matches(MODULES))) {
      return texts.stream().distinct().toList();
    }
    refuse(key, "must be module names");
    return List.of();
  }

  /** Whether the value is an empty list or object. */
  boolean isEmpty(String key) {
    JsonNode value = value(key);
    return value != null && value.isContainer() && value.isEmpty();
  }

  List<String> names() {
    return node == null ? List.of() : List.copyOf(node.propertyNames());
  }

  /** Accepts any values of these keys. */
  void known(String... keys) {
    for (String key : keys) {
      if (asked != null) asked.any(key);
      known.add(key);
    }
  }

  @Nullable Boolean bool(String key) {
    if (asked != null) asked.bool(key);
    JsonNode value = value(key);
    if (value == null) return null;
    if (value.isBoolean()) return value.booleanValue();
    refuse(key, "must be true or false");
    return null;
  }

  boolean bool(String key, boolean byDefault) {
    return or(bool(key), byDefault);
  }

  /**
   * Reads true, false or one word.
   *
   * @return the value as text; null if it is missing or refused
   */
  @Nullable String boolOr(String key, String word) {
    if (asked != null) asked.boolOr(key, word);
    JsonNode value = value(key);
    if (value == null) return null;
    if (value.isBoolean() || value.isString() && value.stringValue().equals(word)) {
      return value.asString();
    }
    refuse(key, "must be true, false or \"" + word + "\"");
    return null;
  }

  /** Returns a constant of an enum, which requests write in lower case. */
  <E extends Enum<E>> @Nullable E choice(String key, Class<E> type, String... notYet) {
    List<E> constants = List.of(type.getEnumConstants());
    List<String> names = constants.stream().map(each -> each.name().toLowerCase(ROOT)).toList();
    if (asked != null) asked.choice(key, names);
    JsonNode value = value(key);
    if (value == null) return null;
    String name = value.isString() ? value.stringValue() : "";
    if (names.contains(name)) return constants.get(names.indexOf(name));
    refuseChoice(key, name, names, List.of(notYet));
    return null;
  }

  <E extends Enum<E>> E choice(String key, E byDefault) {
    return or(choice(key, byDefault.getDeclaringClass()), byDefault);
  }

  /** Adds the problem of a name that is not among the choices, though it may be planned. */
  void refuseChoice(String key, String name, List<String> choices, List<String> planned) {
    String message = "must be one of " + String.join(", ", choices);
    refuse(key, planned.contains(name) ? "is not supported yet; " + message : message);
  }

  /** Reads a setting that Graft does not support yet: accepts only values without an effect. */
  void notYet(String key, Object... neutral) {
    if (asked != null) asked.notYet(key, neutral);
    JsonNode value = value(key);
    if (value == null || value.isContainer() && value.isEmpty()) return;
    for (Object allowed : neutral) {
      if (allowed instanceof String text && value.isString() && text.equals(value.stringValue())
          || allowed instanceof Boolean flag && value.isBoolean() && flag == value.booleanValue()
          || allowed instanceof Number number
              && value.isNumber()
              && number.doubleValue() == value.doubleValue()) {
        return;
      }
    }
    refuse(key, "is not supported yet");
  }

  static <T> T or(@Nullable T value, T byDefault) {
    return value != null ? value : byDefault;
  }

  void refuseUnknown() {
    if (asked != null) asked.closed();
    if (node == null) return;
    for (String key : node.propertyNames()) {
      if (!known.contains(key)) refuse(key, UnknownSetting.among(key, known));
    }
  }

  /**
   * A JSON Schema 2020-12 of an object, built while it is read: {@link Fields} records the key,
   * type and bounds of every getter. Several readings add up.
   */
  static final class FieldSchema {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    private final ObjectNode schema;

    private FieldSchema(ObjectNode schema) {
      this.schema = schema;
    }

    /** Returns the schema of an object that has not been read yet. */
    static FieldSchema ofObject() {
      ObjectNode schema = JSON.objectNode();
      schema.putArray("type").add("object").add("null");
      schema.putObject("properties");
      return new FieldSchema(schema);
    }

    ObjectNode json() {
      return schema;
    }

    private ObjectNode properties() {
      return (ObjectNode) schema.get("properties");
    }

    private void put(String key, ObjectNode value) {
      properties().set(key, value);
    }

    /** Records a key of any type, unless more is known of it. */
    void any(String key) {
      if (!properties().has(key)) put(key, JSON.objectNode());
    }

    FieldSchema object(String key) {
      if (properties().get(key) instanceof ObjectNode known && known.has("properties")) {
        return new FieldSchema(known);
      }
      FieldSchema inner = ofObject();
      put(key, inner.json());
      return inner;
    }

    void integer(String key, long least, long most) {
      wider(key, bounded("integer", JSON.numberNode(least), JSON.numberNode(most), true));
    }

    void number(String key, double least, double most) {
      wider(key, bounded("number", JSON.numberNode(least), JSON.numberNode(most), true));
    }

    /** Records a key with the union of its bounds: other choices may read it with other bounds. */
    private void wider(String key, ObjectNode asked) {
      JsonNode known = properties().path(key);
      if (known.has("minimum")) {
        if (!known.get("type").equals(asked.get("type"))) {
          asked.putArray("type").add("number").add("null");
        }
        if (known.get("minimum").doubleValue() < asked.get("minimum").doubleValue()) {
          asked.set("minimum", known.get("minimum"));
        }
        if (known.get("maximum").doubleValue() > asked.get("maximum").doubleValue()) {
          asked.set("maximum", known.get("maximum"));
        }
      }
      put(key, asked);
    }

    void bool(String key) {
      ObjectNode value = JSON.objectNode();
      value.putArray("type").add("boolean").add("null");
      put(key, value);
    }

    void boolOr(String key, String word) {
      ObjectNode value = JSON.objectNode();
      value.putArray("enum").add(true).add(false).add(word).addNull();
      put(key, value);
    }

    void integers(String key, int least, int most) {
      put(key, oneOrMany(bounded("integer", JSON.numberNode(least), JSON.numberNode(most), false)));
    }

    void texts(String key, String pattern) {
      ObjectNode text = JSON.objectNode().put("type", "string").put("pattern", "^" + pattern + "$");
      put(key, oneOrMany(text));
    }

    void choice(String key, List<String> names) {
      ObjectNode value = JSON.objectNode();
      ArrayNode choices = value.putArray("enum");
      names.forEach(choices::add);
      choices.addNull();
      put(key, value);
    }

    /** Records a key that accepts only values without an effect. */
    void notYet(String key, Object... neutral) {
      ObjectNode value = JSON.objectNode().put("description", "not supported yet");
      ArrayNode passing = value.putArray("anyOf");
      ArrayNode values = passing.addObject().putArray("enum").addNull();
      for (Object each : neutral) values.add(JsonMapper.shared().<JsonNode>valueToTree(each));
      passing.addObject().put("type", "array").put("maxItems", 0);
      passing.addObject().put("type", "object").put("maxProperties", 0);
      put(key, value);
    }

    /** Refuses all other keys: every valid one has been recorded. */
    void closed() {
      schema.put("additionalProperties", false);
    }

    private static ObjectNode bounded(
        String type, JsonNode least, JsonNode most, boolean nullable) {
      ObjectNode value = JSON.objectNode();
      if (nullable) value.putArray("type").add(type).add("null");
      else value.put("type", type);
      value.set("minimum", least);
      value.set("maximum", most);
      return value;
    }

    private static ObjectNode oneOrMany(ObjectNode one) {
      ObjectNode value = JSON.objectNode();
      ArrayNode passing = value.putArray("anyOf").add(one);
      passing.addObject().put("type", "array").set("items", one.deepCopy());
      passing.addObject().put("type", "null");
      return value;
    }
  }
}
