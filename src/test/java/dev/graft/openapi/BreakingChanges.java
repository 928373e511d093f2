package dev.graft.openapi;

import dev.graft.openapi.ApiDocument.Operation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/**
 * What a client of the earlier document can no longer do, or must understand anew. Not among it:
 * more paths, more fields in answers, more values in them, more that one may send, more errors.
 */
final class BreakingChanges {
  private final ApiDocument before;
  private final ApiDocument after;
  private final List<String> found = new ArrayList<>();

  private BreakingChanges(ApiDocument before, ApiDocument after) {
    this.before = before;
    this.after = after;
  }

  /** Each in a line. */
  static List<String> between(ApiDocument before, ApiDocument after) {
    BreakingChanges changes = new BreakingChanges(before, after);
    before.operations().forEach(changes::operation);
    return changes.found;
  }

  private void operation(Operation was) {
    Optional<Operation> is = after.operation(was.method(), was.path());
    if (is.isEmpty()) {
      found.add(was + " is gone");
      return;
    }
    JsonNode now = is.get().described();
    same(was, "operationId", was.described().path("operationId"), now.path("operationId"));
    same(was, "security", was.described().path("security"), now.path("security"));
    parameters(was, now);
    request(was, now.path("requestBody"));
    for (var response : was.described().path("responses").properties()) {
      if (response.getKey().startsWith("2")) answer(was, response.getKey(), now);
    }
  }

  private void same(Operation operation, String what, JsonNode was, JsonNode is) {
    if (!was.equals(is)) found.add(operation + " has another " + what + ": " + is);
  }

  private void parameters(Operation was, JsonNode now) {
    Set<String> known = new HashSet<>();
    for (JsonNode each : was.described().path("parameters")) {
      JsonNode parameter = before.resolve(each);
      String name = name(parameter);
      known.add(name);
      Optional<JsonNode> is = parameter(now, name);
      if (is.isEmpty()) found.add(was + " has no parameter " + name + " any more");
      else sent().compare(was + " " + name, parameter.path("schema"), is.get().path("schema"));
    }
    for (JsonNode each : now.path("parameters")) {
      JsonNode parameter = after.resolve(each);
      boolean required = parameter.path("required").asBoolean(false);
      if (required && !required(was, name(parameter))) {
        found.add(was + " needs the parameter " + name(parameter));
      }
    }
  }

  private boolean required(Operation was, String name) {
    for (JsonNode each : was.described().path("parameters")) {
      JsonNode parameter = before.resolve(each);
      if (name(parameter).equals(name)) return parameter.path("required").asBoolean(false);
    }
    return false;
  }

  private Optional<JsonNode> parameter(JsonNode operation, String name) {
    for (JsonNode each : operation.path("parameters")) {
      JsonNode parameter = after.resolve(each);
      if (name(parameter).equals(name)) return Optional.of(parameter);
    }
    return Optional.empty();
  }

  private static String name(JsonNode parameter) {
    return parameter.path("name").asString() + " in " + parameter.path("in").asString();
  }

  private void request(Operation was, JsonNode now) {
    JsonNode body = was.described().path("requestBody");
    if (now.path("required").asBoolean(false) && !body.path("required").asBoolean(false)) {
      found.add(was + " needs a body");
    }
    for (var content : body.path("content").properties()) {
      JsonNode is = now.path("content").path(content.getKey());
      if (is.isMissingNode()) found.add(was + " takes no " + content.getKey() + " any more");
      else sent().compare(was + " request", content.getValue().path("schema"), is.path("schema"));
    }
  }

  private void answer(Operation was, String status, JsonNode now) {
    JsonNode earlier = before.resolve(was.described().path("responses").path(status));
    JsonNode later = after.resolve(now.path("responses").path(status));
    if (later.isMissingNode()) {
      found.add(was + " has no answer " + status + " any more");
      return;
    }
    for (var content : earlier.path("content").properties()) {
      JsonNode is = later.path("content").path(content.getKey());
      if (is.isMissingNode()) found.add(was + " gives no " + content.getKey() + " any more");
      for (String schema : List.of("schema", "x-event-schema")) {
        if (content.getValue().has(schema)) {
          received().compare(was + " answer", content.getValue().path(schema), is.path(schema));
        }
      }
    }
    for (String header : earlier.path("headers").propertyNames()) {
      if (!later.path("headers").has(header)) found.add(was + " has no header " + header);
    }
  }

  private SchemaChanges sent() {
    return new SchemaChanges(before, after, SchemaChanges.Direction.SENT, found);
  }

  private SchemaChanges received() {
    return new SchemaChanges(before, after, SchemaChanges.Direction.RECEIVED, found);
  }
}
