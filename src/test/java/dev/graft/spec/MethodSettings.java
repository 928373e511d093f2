package dev.graft.spec;

import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** The settings of one method, of the schema that is served; those of inner objects in dots. */
final class MethodSettings {
  private MethodSettings() {}

  static Map<String, JsonNode> of(String method, String part) {
    Map<String, JsonNode> settings = new LinkedHashMap<>();
    for (JsonNode each : AdapterSchema.json().at("/anyOf/2/properties/" + part + "/anyOf")) {
      if (each.path("title").asString("").equals(method)) add("", each.get("properties"), settings);
    }
    return settings;
  }

  private static void add(String prefix, JsonNode properties, Map<String, JsonNode> settings) {
    for (String name : properties.propertyNames()) {
      JsonNode schema = properties.get(name);
      if (schema.has("properties") && !schema.get("properties").isEmpty()) {
        add(prefix + name + ".", schema.get("properties"), settings);
      } else {
        settings.put(prefix + name, schema);
      }
    }
  }
}
