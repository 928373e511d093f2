package dev.graft.weights;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads the fields of a JSON object with their types and ranges; an invalid field is a {@link
 * BadModel} that names file and field. JSON null counts as absent.
 */
public final class JsonFields {
  private final String file;
  private final String prefix;
  private final JsonNode node;

  public JsonFields(String file, String prefix, JsonNode node) {
    this.file = file;
    this.prefix = prefix;
    this.node = node;
  }

  public JsonNode node() {
    return node;
  }

  public boolean has(String field) {
    return find(field) != null;
  }

  /** Whether the field is present, even if it is null. */
  public boolean isGiven(String field) {
    return node.has(field);
  }

  /** Requires a field that may be null but not absent. */
  public void requireGiven(String field) {
    if (!isGiven(field)) throw bad(field, "is missing");
  }

  public List<String> names() {
    return List.copyOf(node.propertyNames());
  }

  public int requireInt(String field, int min, int max) {
    JsonNode value = find(field);
    if (value == null) throw bad(field, "is missing");
    return toInt(field, value, min, max);
  }

  public int intOr(String field, int otherwise, int min, int max) {
    JsonNode value = find(field);
    return value == null ? otherwise : toInt(field, value, min, max);
  }

  public double doubleOr(String field, double otherwise, double above, double max) {
    return has(field) ? requireDouble(field, above, max) : otherwise;
  }

  /** Returns a finite number in (above, max]. */
  public double requireDouble(String field, double above, double max) {
    JsonNode value = find(field);
    if (value == null) throw bad(field, "is missing");
    return toDouble(field, value, above, max);
  }

  /** Returns a list of finite numbers in (above, max]; empty if absent. */
  public List<Double> doubles(String field, double above, double max) {
    JsonNode value = find(field);
    List<Double> doubles = new ArrayList<>();
    if (value == null) return doubles;
    if (!value.isArray()) throw bad(field, "is " + shown(value) + ", not a list");
    for (JsonNode each : value) doubles.add(toDouble(field, each, above, max));
    return doubles;
  }

  private double toDouble(String field, JsonNode value, double above, double max) {
    if (!value.isNumber()) throw bad(field, "is " + shown(value) + ", not a number");
    double number = value.doubleValue();
    if (!(number > above && number <= max)) {
      throw bad(field, "is " + shown(value) + ", must be above " + above + " and at most " + max);
    }
    return number;
  }

  public boolean booleanOr(String field, boolean otherwise) {
    JsonNode value = find(field);
    if (value == null) return otherwise;
    if (!value.isBoolean()) throw bad(field, "is " + shown(value) + ", not true or false");
    return value.booleanValue();
  }

  public @Nullable String text(String field) {
    JsonNode value = find(field);
    if (value == null) return null;
    if (!value.isString()) throw bad(field, "is " + shown(value) + ", not a string");
    return value.stringValue();
  }

  public String textOr(String field, String otherwise) {
    String value = text(field);
    return value == null ? otherwise : value;
  }

  public @Nullable JsonFields object(String field) {
    JsonNode value = find(field);
    if (value == null) return null;
    if (!value.isObject()) throw bad(field, "is " + shown(value) + ", not an object");
    return new JsonFields(file, prefix + field + ".", value);
  }

  /** Returns a list of strings or a single one; null if absent. */
  public @Nullable List<String> texts(String field) {
    JsonNode value = find(field);
    if (value == null) return null;
    List<String> texts = new ArrayList<>();
    for (JsonNode each : value.isArray() ? value : List.of(value)) {
      if (!each.isString()) throw bad(field, "contains " + shown(each) + ", not a string");
      texts.add(each.stringValue());
    }
    return texts;
  }

  /** Returns a list of integers or a single one; empty if absent. */
  public List<Integer> ints(String field, int min, int max) {
    JsonNode value = find(field);
    List<Integer> ints = new ArrayList<>();
    if (value == null) return ints;
    if (value.isArray() && value.size() > 1000) throw bad(field, "has more than 1000 entries");
    for (JsonNode each : value.isArray() ? value : List.of(value)) {
      ints.add(toInt(field, each, min, max));
    }
    return ints;
  }

  /** Whether a feature is unused: null, false, zero or empty. */
  public boolean isEmpty(String field) {
    JsonNode value = find(field);
    if (value == null) return true;
    if (value.isBoolean()) return !value.booleanValue();
    if (value.isNumber()) return value.doubleValue() == 0;
    return value.isString() ? value.stringValue().isEmpty() : value.isEmpty();
  }

  /** Returns the value in the file, shortened. */
  public String shown(String field) {
    JsonNode value = node.get(field);
    return value == null ? "absent" : shown(value);
  }

  public BadModel bad(String field, String problem) {
    return new BadModel(file + ": " + prefix + field + " " + problem);
  }

  private @Nullable JsonNode find(String field) {
    JsonNode value = node.get(field);
    return value == null || value.isNull() ? null : value;
  }

  private int toInt(String field, JsonNode value, int min, int max) {
    if (!value.isIntegralNumber()) throw bad(field, "is " + shown(value) + ", not an integer");
    if (!value.canConvertToInt() || value.intValue() < min || value.intValue() > max) {
      throw bad(field, "is " + shown(value) + ", must be " + min + " to " + max);
    }
    return value.intValue();
  }

  private static String shown(JsonNode value) {
    String text = value.toString();
    return text.length() > 60 ? text.substring(0, 60) + "..." : text;
  }

  public static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(32).maxNumberLength(64).build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();

  private static final JsonMapper MAPPER = JsonMapper.builder(FACTORY).build();

  public static JsonFields read(Path file, int maxBytes) {
    String name = file.getFileName().toString();
    return parse(name, DirectoryFiles.bytes(file, maxBytes));
  }

  public static JsonFields parse(String name, byte[] bytes) {
    try {
      JsonNode node = MAPPER.readTree(bytes);
      if (node == null || !node.isObject()) throw new BadModel(name + " is not a JSON object");
      return new JsonFields(name, "", node);
    } catch (JacksonException e) {
      throw new BadModel(name + " is not valid JSON: " + where(e), e);
    }
  }

  /** Returns the parser's message without the excerpt of the document that it may add. */
  public static String where(JacksonException e) {
    String at =
        e.getLocation() == null || e.getLocation().getLineNr() < 1
            ? ""
            : " (line "
                + e.getLocation().getLineNr()
                + ", column "
                + e.getLocation().getColumnNr()
                + ")";
    String text = String.valueOf(e.getOriginalMessage());
    return (text.length() > 200 ? text.substring(0, 200) + "..." : text) + at;
  }
}
