package dev.graft.openapi;

import com.networknt.schema.Error;
import dev.graft.openapi.ApiDocument.Operation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * OpenAI's own description of its API, where a run of the tests is given it: then what Graft
 * answers at the same endpoint is also held against that. The file is OpenAI's and no part of
 * Graft.
 */
final class OpenAiSchemas {
  /** The system property with the path of the file (OpenAPI 3.1 as JSON or YAML). */
  static final String FILE = "graft.openai.schemas";

  /**
   * What is not held against it.
   *
   * @param keyword of JSON Schema, such as {@code enum}
   * @param place in the answer, such as {@code /data/0/status}
   * @param value that stands there, as JSON
   */
  record Exemption(String why, String keyword, Pattern place, Pattern value) {
    Exemption(String why, String keyword, String place, String value) {
      this(why, keyword, Pattern.compile(place), Pattern.compile(value, Pattern.DOTALL));
    }

    boolean covers(Error error) {
      return error.getKeyword().equals(keyword)
          && place.matcher(error.getInstanceLocation().toString()).matches()
          && value.matcher(String.valueOf(error.getInstanceNode())).matches();
    }
  }

  /** Graft's own values, and a null that OpenAI itself sends. */
  static final List<Exemption> EXEMPTIONS =
      List.of(
          new Exemption("jobs pause", "enum", "(/data/\\d+)?/status", "\"paused\""),
          new Exemption(
              "the audit log tells of resources that OpenAI does not have or does not log",
              "enum",
              "/data/\\d+/type",
              "\"(access\\.denied|(fine_tuning\\.job(\\.checkpoints|\\.logs)?|file|model|base_model|adapter|device_price"
                  + "|worker_token|project\\.(limits|model_permissions|retention))\\.[a-z_]+)\""),
          new Exemption(
              "the first token of an echoed prompt has no probability",
              "type",
              "/choices/\\d+/logprobs/(token|top)_logprobs/0",
              "null"),
          new Exemption(
              "the other half of the same: or there are no logprobs at all",
              "type",
              "/choices/\\d+/logprobs",
              "\\{.*\"token_logprobs\":\\[null.*"));

  private static final class Given {
    static final @Nullable ApiDocument DOCUMENT = read();

    private static @Nullable ApiDocument read() {
      String file = System.getProperty(FILE, "");
      return file.isEmpty() ? null : new ApiDocument(modern(ApiDocument.read(Path.of(file))));
    }
  }

  private OpenAiSchemas() {}

  static Optional<ApiDocument> document() {
    return Optional.ofNullable(Given.DOCUMENT);
  }

  /**
   * Each in a line; empty if there is none, if OpenAI has no such endpoint, or without the file.
   */
  static List<String> problems(Exchange exchange) {
    return document().map(openAi -> problems(openAi, exchange)).orElse(List.of());
  }

  static List<String> problems(ApiDocument openAi, Exchange exchange) {
    Optional<Operation> operation = operation(openAi, exchange);
    if (operation.isEmpty()) return List.of();
    JsonNode responses = operation.get().described().path("responses");
    JsonNode response = openAi.resolve(responses.path(String.valueOf(exchange.status())));
    JsonNode content = response.path("content");
    if (exchange.status() >= 400) {
      return check(openAi, reference("ErrorResponse"), exchange, exchange.answered());
    }
    String media = Exchange.media(exchange.type());
    JsonNode schema = content.path(media).path("schema");
    if (schema.isMissingNode() || exchange.body().length == 0) return List.of();
    if (media.equals("application/json")) {
      return check(openAi, schema, exchange, exchange.answered());
    }
    return media.equals("text/event-stream") ? events(openAi, schema, exchange) : List.of();
  }

  private static Optional<Operation> operation(ApiDocument openAi, Exchange exchange) {
    return openAi
        .path(exchange.path().substring("/v1".length()))
        .flatMap(path -> openAi.operation(exchange.method(), path));
  }

  private static List<String> events(ApiDocument openAi, JsonNode schema, Exchange exchange) {
    List<String> problems = new ArrayList<>();
    exchange
        .answered()
        .lines()
        .filter(line -> line.startsWith("data: {") && !line.startsWith("data: {\"error\""))
        .map(line -> line.substring("data: ".length()))
        .forEach(event -> problems.addAll(check(openAi, schema, exchange, event)));
    return problems;
  }

  private static List<String> check(
      ApiDocument openAi, JsonNode schema, Exchange exchange, String text) {
    return openAi.errors(schema, JsonMapper.shared().readTree(text)).stream()
        .filter(error -> EXEMPTIONS.stream().noneMatch(each -> each.covers(error)))
        .map(
            error ->
                "OpenAI: %s %s -> %d %.300s\n  %.2000s"
                    .formatted(exchange.method(), exchange.path(), exchange.status(), error, text))
        .toList();
  }

  private static JsonNode reference(String schema) {
    return JsonMapper.shared().createObjectNode().put("$ref", "#/components/schemas/" + schema);
  }

  /** With what OpenAPI 3.0 spelled otherwise: {@code nullable}, and exclusive bounds. */
  static JsonNode modern(JsonNode node) {
    node.forEach(OpenAiSchemas::modern);
    if (!(node instanceof ObjectNode object)) return node;
    if (object.path("exclusiveMinimum").isBoolean()) {
      JsonNode bound = object.remove("minimum");
      object.set("exclusiveMinimum", bound == null ? object.numberNode(0) : bound);
    }
    if (object.path("nullable").asBoolean(false)) orNull(object);
    if (object.path("allOf") instanceof ArrayNode all) nullable(object, all);
    return node;
  }

  private static void orNull(ObjectNode object) {
    if (object.has("$ref")) {
      ArrayNode either = JsonMapper.shared().createArrayNode();
      either.addObject().set("$ref", object.remove("$ref"));
      either.addObject().put("type", "null");
      object.set("anyOf", either);
    } else if (object.path("type").isString()) {
      String type = object.remove("type").asString();
      object.putArray("type").add(type).add("null");
      if (object.path("enum") instanceof ArrayNode values) values.addNull();
    }
  }

  private static void nullable(ObjectNode object, ArrayNode all) {
    ArrayNode others = JsonMapper.shared().createArrayNode();
    boolean nullable = false;
    for (JsonNode each : all) {
      if (each.path("nullable").asBoolean(false)) nullable = true;
      else others.add(each);
    }
    if (!nullable) return;
    object.remove("allOf");
    ArrayNode either = object.putArray("anyOf");
    either.addObject().set("allOf", others);
    either.addObject().put("type", "null");
  }
}
