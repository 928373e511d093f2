package dev.graft.openapi;

import static java.util.Map.entry;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.path.NodePath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/** An OpenAPI 3.1 document: its operations, and its schemas as validators. */
final class ApiDocument {
  static final Path FILE = Path.of("docs/openapi.yaml").toAbsolutePath();
  private static final String ID = "https://graft.invalid/openapi";
  private static final Set<String> METHODS = Set.of("get", "post", "put", "patch", "delete");
  private static final Pattern VARIABLE = Pattern.compile("\\{([\\w-]+)}");

  /** Variables that hold slashes: names of models, and of files in a directory. */
  private static final Map<String, String> REST_OF_PATH =
      Map.ofEntries(entry("model", ".+"), entry("name", ".+"));

  /** Graft's own, whose objects are closed: a field that it does not name is a difference. */
  private static final class Graft {
    static final ApiDocument DOCUMENT = new ApiDocument(closed(read(FILE)));
  }

  /**
   * A method of a path.
   *
   * @param path with variables, as {@code /v1/files/{id}}
   */
  record Operation(String method, String path, JsonNode described) {
    @Override
    public String toString() {
      return method.toUpperCase() + " " + path;
    }
  }

  private final JsonNode root;
  private final SchemaRegistry registry;

  /** The document as one schema, which is read once: every other is a place in it. */
  private final Schema schemas;

  private final Map<JsonNode, NodePath> places = new IdentityHashMap<>();
  private final Map<JsonNode, Schema> validators =
      Collections.synchronizedMap(new IdentityHashMap<>());

  private final List<Operation> operations = new ArrayList<>();
  private final Map<String, Pattern> patterns;

  ApiDocument(JsonNode root) {
    this.root = root;
    String text = root.toString();
    registry =
        SchemaRegistry.withDefaultDialect(
            Dialects.getDraft202012(), builder -> builder.schemas(Map.of(ID, text)));
    schemas = registry.getSchema(SchemaLocation.of(ID));
    place(root, SchemaLocation.of(ID).getFragment());
    for (var path : root.path("paths").properties()) {
      for (var operation : path.getValue().properties()) {
        if (METHODS.contains(operation.getKey())) {
          operations.add(new Operation(operation.getKey(), path.getKey(), operation.getValue()));
        }
      }
    }
    patterns =
        root.path("paths").properties().stream()
            .collect(Collectors.toMap(Map.Entry::getKey, path -> pattern(path.getKey())));
  }

  static ApiDocument graft() {
    return Graft.DOCUMENT;
  }

  static JsonNode read(Path file) {
    try {
      return new YAMLMapper().readTree(Files.readString(file));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JsonNode root() {
    return root;
  }

  List<Operation> operations() {
    return List.copyOf(operations);
  }

  /** The path of the document that a request's path is one of: rather one without variables. */
  Optional<String> path(String requested) {
    if (patterns.containsKey(requested)) return Optional.of(requested);
    return patterns.entrySet().stream()
        .filter(each -> each.getValue().matcher(requested).matches())
        .map(Map.Entry::getKey)
        .findFirst();
  }

  Optional<Operation> operation(String method, String path) {
    return operations.stream()
        .filter(each -> each.path().equals(path) && each.method().equalsIgnoreCase(method))
        .findFirst();
  }

  /** What a reference leads to; anything else is itself. */
  JsonNode resolve(JsonNode node) {
    String reference = node.path("$ref").asString("");
    return reference.isEmpty() ? node : resolve(root.at(reference.substring(1)));
  }

  /**
   * What is wrong with a value; empty if nothing.
   *
   * @param schema a node of this document
   */
  List<String> problems(JsonNode schema, JsonNode value) {
    return errors(schema, value).stream().map(Object::toString).toList();
  }

  /** As {@link #problems}, each with its place. */
  List<Error> errors(JsonNode schema, JsonNode value) {
    return validators.computeIfAbsent(schema, this::validator).validate(value);
  }

  private Schema validator(JsonNode schema) {
    NodePath place = places.get(schema.has("$ref") ? resolve(schema) : schema);
    return place == null ? registry.getSchema(inline(schema)) : schemas.getRefSchema(place);
  }

  private void place(JsonNode node, NodePath at) {
    places.put(node, at);
    node.properties().forEach(each -> place(each.getValue(), at.append(each.getKey())));
    for (int i = 0; node.isArray() && i < node.size(); i++) place(node.get(i), at.append(i));
  }

  /** The same, for use outside its document. */
  private static JsonNode inline(JsonNode schema) {
    return JsonMapper.shared().readTree(schema.toString().replace("\"#/", "\"" + ID + "#/"));
  }

  private static Pattern pattern(String path) {
    StringBuilder pattern = new StringBuilder();
    Matcher variable = VARIABLE.matcher(path);
    int end = 0;
    while (variable.find()) {
      pattern.append(Pattern.quote(path.substring(end, variable.start())));
      pattern.append(REST_OF_PATH.getOrDefault(variable.group(1), "[^/]+"));
      end = variable.end();
    }
    return Pattern.compile(pattern + Pattern.quote(path.substring(end)));
  }

  /** With no field in an object but those that it names, where it says nothing about others. */
  private static JsonNode closed(JsonNode node) {
    if (node.path("properties").isObject() && !node.has("additionalProperties")) {
      ((ObjectNode) node).put("additionalProperties", false);
    }
    node.forEach(ApiDocument::closed);
    return node;
  }
}
