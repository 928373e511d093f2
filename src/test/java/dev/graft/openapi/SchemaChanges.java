package dev.graft.openapi;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a schema breaks its users: who sends may send less, or must send more; who receives gets
 * less, or something of another type.
 */
final class SchemaChanges {
  enum Direction {
    SENT,
    RECEIVED
  }

  private static final List<String> LEAST = List.of("minimum", "minLength", "minItems");
  private static final List<String> MOST =
      List.of("maximum", "maxLength", "maxItems", "maxProperties");
  private static final Set<String> ANY =
      Set.of("array", "boolean", "integer", "null", "number", "object", "string");

  private final ApiDocument before;
  private final ApiDocument after;
  private final Direction direction;
  private final List<String> found;
  private final Set<String> seen = new HashSet<>();

  SchemaChanges(ApiDocument before, ApiDocument after, Direction direction, List<String> found) {
    this.before = before;
    this.after = after;
    this.direction = direction;
    this.found = found;
  }

  /**
   * @param where for the reader, such as {@code GET /v1/files answer.data}
   */
  void compare(String where, JsonNode was, JsonNode is) {
    String pair = was.path("$ref").asString("") + " " + is.path("$ref").asString("");
    if (was.has("$ref") && is.has("$ref") && !seen.add(pair)) return;
    List<JsonNode> earlier = alternatives(before, was);
    List<JsonNode> later = alternatives(after, is);
    types(where, earlier, later);
    values(where, earlier, later);
    if (earlier.stream().anyMatch(each -> each.has("items"))) {
      compare(where + "[]", items(earlier), items(later));
    }
    for (JsonNode old : earlier) {
      for (String type : types(old)) {
        Optional<JsonNode> now =
            later.stream().filter(each -> types(each).contains(type)).findFirst();
        if (now.isEmpty()) continue;
        if (direction == Direction.SENT && later.size() == earlier.size())
          bounds(where, old, now.get());
        if (type.equals("object")) object(where, old, now.get());
      }
    }
  }

  /** Of all lists together: which of them an item belongs to cannot be told. */
  private static ObjectNode items(List<JsonNode> lists) {
    ObjectNode items = JsonMapper.shared().createObjectNode();
    ArrayNode all = items.putArray("anyOf");
    lists.stream()
        .filter(each -> each.has("items"))
        .map(each -> each.path("items"))
        .forEach(all::add);
    return items;
  }

  private static List<JsonNode> alternatives(ApiDocument document, JsonNode schema) {
    JsonNode resolved = document.resolve(schema);
    if (!resolved.has("anyOf")) return List.of(resolved);
    List<JsonNode> all = new ArrayList<>();
    resolved.path("anyOf").forEach(each -> all.addAll(alternatives(document, each)));
    return all;
  }

  private void types(String where, List<JsonNode> was, List<JsonNode> is) {
    Set<String> earlier = union(was);
    Set<String> later = union(is);
    Set<String> more = new TreeSet<>(direction == Direction.SENT ? earlier : later);
    more.removeAll(direction == Direction.SENT ? later : earlier);
    if (more.isEmpty()) return;
    found.add(where + (direction == Direction.SENT ? " can no longer be " : " may now be ") + more);
  }

  private static Set<String> union(List<JsonNode> schemas) {
    return schemas.stream().flatMap(each -> types(each).stream()).collect(Collectors.toSet());
  }

  private static Set<String> types(JsonNode schema) {
    JsonNode type = schema.path("type");
    Set<String> types = new TreeSet<>();
    if (type.isString()) types.add(type.asString());
    type.forEach(each -> types.add(each.asString()));
    for (JsonNode value : values(schema)) {
      if (type.isMissingNode()) types.add(typeOf(value));
    }
    if (types.contains("number")) types.add("integer");
    return types.isEmpty() ? ANY : types;
  }

  private static String typeOf(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "array";
      case BOOLEAN -> "boolean";
      case NULL -> "null";
      case NUMBER -> value.isIntegralNumber() ? "integer" : "number";
      case OBJECT, POJO -> "object";
      case STRING, BINARY, MISSING -> "string";
    };
  }

  /** Of {@code enum} and {@code const}; empty if any value will do. */
  private static List<JsonNode> values(JsonNode schema) {
    if (schema.has("const")) return List.of(schema.path("const"));
    return StreamSupport.stream(schema.path("enum").spliterator(), false).toList();
  }

  /** One may still send every value, and a constant is still what is received. */
  private void values(String where, List<JsonNode> was, List<JsonNode> is) {
    List<JsonNode> earlier = was.stream().flatMap(each -> values(each).stream()).toList();
    List<JsonNode> later = is.stream().flatMap(each -> values(each).stream()).toList();
    boolean free =
        is.stream().anyMatch(each -> values(each).isEmpty() && types(each).contains("string"));
    boolean constant = was.size() == 1 && was.getFirst().has("const");
    if (direction == Direction.RECEIVED && !constant) return;
    if (!free && !later.containsAll(earlier)) found.add(where + " has lost a value: " + later);
    boolean wasFree = was.stream().anyMatch(each -> values(each).isEmpty());
    if (wasFree && !later.isEmpty() && is.stream().noneMatch(each -> values(each).isEmpty())) {
      found.add(where + " can only be one of " + later);
    }
  }

  private void bounds(String where, JsonNode was, JsonNode is) {
    for (String bound : LEAST) {
      if (tighter(is, was, bound))
        found.add(where + " has another " + bound + ": " + is.path(bound));
    }
    for (String bound : MOST) {
      if (tighter(was, is, bound))
        found.add(where + " has another " + bound + ": " + is.path(bound));
    }
    if (is.has("pattern") && !is.path("pattern").equals(was.path("pattern"))) {
      found.add(where + " has another pattern: " + is.path("pattern"));
    }
  }

  /** Whether the first is larger; a bound that is not there is none. */
  private static boolean tighter(JsonNode larger, JsonNode smaller, String bound) {
    JsonNode a = larger.path(bound);
    JsonNode b = smaller.path(bound);
    boolean least = LEAST.contains(bound);
    if (a.isMissingNode()) return !least && b.isNumber();
    if (b.isMissingNode()) return least;
    return a.decimalValue().compareTo(b.decimalValue()) > 0;
  }

  private void object(String where, JsonNode was, JsonNode is) {
    for (var property : was.path("properties").properties()) {
      String path = where + "." + property.getKey();
      JsonNode now = is.path("properties").path(property.getKey());
      if (now.isMissingNode()) found.add(path + " is gone");
      else compare(path, property.getValue(), now);
    }
    Set<String> earlier = required(was);
    Set<String> later = required(is);
    if (direction == Direction.SENT) {
      later.stream()
          .filter(name -> !earlier.contains(name))
          .forEach(name -> found.add(where + "." + name + " must be sent now"));
    } else {
      earlier.stream()
          .filter(name -> !later.contains(name))
          .forEach(name -> found.add(where + "." + name + " may be missing now"));
    }
  }

  private static Set<String> required(JsonNode schema) {
    return StreamSupport.stream(schema.path("required").spliterator(), false)
        .map(JsonNode::asString)
        .collect(Collectors.toSet());
  }
}
