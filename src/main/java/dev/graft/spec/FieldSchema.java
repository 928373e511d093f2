package dev.graft.spec;

import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a reader asks of a JSON object, noted as JSON Schema 2020-12 while it reads: {@link Fields}
 * tells every getter's key, type and bounds. Several readings add up.
 */
final class FieldSchema {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final ObjectNode schema;

  private FieldSchema(ObjectNode schema) {
    this.schema = schema;
  }

  /** Of an object that nobody has read yet. */
  public static FieldSchema ofObject() {
    ObjectNode schema = JSON.objectNode();
    schema.putArray("type").add("object").add("null");
    schema.putObject("properties");
    return new FieldSchema(schema);
  }

  public ObjectNode json() {
    return schema;
  }

  private ObjectNode properties() {
    return (ObjectNode) schema.get("properties");
  }

  private void put(String key, ObjectNode value) {
    properties().set(key, value);
  }

  /** Asked for, whatever it is; what is known of it already stays. */
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

  /** Other choices ask for the same key with other bounds: all of them may pass. */
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

  /** Known, and only values that change nothing pass. */
  void notYet(String key, Object... neutral) {
    ObjectNode value = JSON.objectNode().put("description", "not supported yet");
    ArrayNode passing = value.putArray("anyOf");
    ArrayNode values = passing.addObject().putArray("enum").addNull();
    for (Object each : neutral) values.add(JsonMapper.shared().<JsonNode>valueToTree(each));
    passing.addObject().put("type", "array").put("maxItems", 0);
    passing.addObject().put("type", "object").put("maxProperties", 0);
    put(key, value);
  }

  /** Every key that may be there has been asked for. */
  void closed() {
    schema.put("additionalProperties", false);
  }

  private static ObjectNode bounded(String type, JsonNode least, JsonNode most, boolean nullable) {
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
