package dev.graft.openapi;

import dev.graft.openapi.ApiDocument.Operation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What of a request and its answer is not as the document says. */
final class DocumentedExchange {
  private static final String JSON = "application/json";
  private static final String EVENTS = "text/event-stream";
  private static final JsonNode ENVELOPE =
      JsonMapper.shared().readTree("{\"$ref\": \"#/components/schemas/ErrorEnvelope\"}");

  private final ApiDocument document;
  private final Exchange exchange;
  private final List<String> problems = new ArrayList<>();

  private DocumentedExchange(ApiDocument document, Exchange exchange) {
    this.document = document;
    this.exchange = exchange;
  }

  /** Each problem in a line; empty if there is none. */
  static List<String> problems(ApiDocument document, Exchange exchange) {
    return new DocumentedExchange(document, exchange).check();
  }

  private List<String> check() {
    Optional<Operation> operation = operation();
    if (!exchange.headers().contains("x-request-id")) problem("has no x-request-id");
    if (operation.isEmpty()) undocumented();
    else answer(operation.get());
    if (operation.isPresent() && exchange.succeeded()) request(operation.get());
    return problems;
  }

  private Optional<Operation> operation() {
    String method = exchange.method().equals("HEAD") ? "GET" : exchange.method();
    return document.path(exchange.path()).flatMap(path -> document.operation(method, path));
  }

  /** Nothing is there, which is said in the envelope. */
  private void undocumented() {
    if (exchange.status() < 400) problem("is answered, but not in the document");
    else json(ENVELOPE, exchange.answered(), "the answer");
  }

  private void answer(Operation operation) {
    JsonNode responses = operation.described().path("responses");
    JsonNode response = document.resolve(responses.path(String.valueOf(exchange.status())));
    if (response.isMissingNode()) {
      problem("has a status that the document does not name");
      return;
    }
    if (exchange.body().length == 0) return;
    String media = Exchange.media(exchange.type());
    JsonNode content = response.path("content").path(media);
    if (content.isMissingNode()) {
      problem("has the content type '" + media + "', which the document does not name");
    } else if (media.equals(JSON)) {
      json(content.path("schema"), exchange.answered(), "the answer");
    } else if (media.equals(EVENTS)) {
      events(content.path("x-event-schema"));
    }
  }

  /** The last one, if the client stayed for it, is {@code [DONE]} or an error. */
  private void events(JsonNode schema) {
    List<String> data =
        exchange
            .answered()
            .lines()
            .filter(line -> line.startsWith("data:"))
            .map(line -> line.substring("data:".length()).strip())
            .toList();
    for (String event : data) {
      if (event.equals("[DONE]")) continue;
      boolean broken = event.startsWith("{\"error\"");
      json(broken ? ENVELOPE : schema, event, "an event");
    }
  }

  /** What was accepted is what the document says that one may send. */
  private void request(Operation operation) {
    JsonNode body = operation.described().path("requestBody").path("content");
    String media = Exchange.media(exchange.requestType());
    if (exchange.requestBody().length > 0 && media.equals(JSON) && body.has(JSON)) {
      json(body.path(JSON).path("schema"), exchange.requested(), "the request");
    }
    for (String name : exchange.query()) {
      if (parameters(operation).noneMatch(known -> known.equals(name) || known.equals(base(name))))
        problem("has a parameter '" + name + "', which the document does not name");
    }
  }

  private static String base(String name) {
    return name.replaceFirst("\\[.*", "");
  }

  private Stream<String> parameters(Operation operation) {
    return StreamSupport.stream(operation.described().path("parameters").spliterator(), false)
        .map(document::resolve)
        .filter(each -> each.path("in").asString("").equals("query"))
        .map(each -> each.path("name").asString(""));
  }

  private void json(JsonNode schema, String text, String what) {
    try {
      JsonNode value = JsonMapper.shared().readTree(text);
      document.problems(schema, value).forEach(each -> problem(what + ": " + each + "\n  " + text));
    } catch (JacksonException e) {
      problem(what + " is not JSON: " + text);
    }
  }

  private void problem(String what) {
    problems.add(
        "%s %s -> %d %s".formatted(exchange.method(), exchange.path(), exchange.status(), what));
  }
}
