package dev.graft.openapi;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the watch over all answers lets pass, and what it does not. */
class DocumentedExchangeTests {
  private static final String JSON = "application/json;charset=UTF-8";
  private static final String DELETED =
      "{\"id\": \"file-1\", \"object\": \"file\", \"deleted\": true}";
  private static final String ERROR =
      "{\"error\": {\"message\": \"no\", \"type\": \"t\", \"param\": null, \"code\": null}}";

  @Test
  void anAnswerAsTheDocumentHasItPasses() {
    assertThat(problems("DELETE", "/v1/files/file-1", 200, JSON, DELETED)).isEmpty();
    assertThat(problems("DELETE", "/v1/files/file-1", 404, JSON, ERROR)).isEmpty();
    assertThat(problems("GET", "/v1/models/org%2Fname", 404, JSON, ERROR)).isEmpty();
    assertThat(problems("GET", "/v1/files/file-1/content", 200, "application/octet-stream", "x"))
        .isEmpty();
  }

  @Test
  void aStatusOrAContentTypeThatIsNotDocumentedIsFound() {
    assertThat(problems("DELETE", "/v1/files/file-1", 418, JSON, ERROR))
        .singleElement()
        .asString()
        .contains("status");
    assertThat(problems("DELETE", "/v1/files/file-1", 200, "text/html", DELETED))
        .singleElement()
        .asString()
        .contains("content type 'text/html'");
  }

  @Test
  void aFieldThatIsMissingOrOfAnotherTypeOrNotDocumentedIsFound() {
    assertThat(problems("DELETE", "/v1/files/x", 200, JSON, DELETED.replace("true", "\"yes\"")))
        .isNotEmpty();
    assertThat(
            problems("DELETE", "/v1/files/x", 200, JSON, DELETED.replace("\"object\"", "\"kind\"")))
        .hasSize(2);
    assertThat(problems("DELETE", "/v1/files/x", 404, JSON, "{\"detail\": \"no\"}")).isNotEmpty();
  }

  @Test
  void aRouteThatIsNotDocumentedMayOnlyRefuse() {
    assertThat(problems("GET", "/v1/secret", 200, JSON, DELETED)).isNotEmpty();
    assertThat(problems("GET", "/v1/secret", 404, JSON, "not found")).isNotEmpty();
    assertThat(problems("GET", "/v1/secret", 404, JSON, ERROR)).isEmpty();
    assertThat(problems("PUT", "/v1/files", 405, JSON, ERROR)).isEmpty();
  }

  @Test
  void everyEventOfAStreamIsLookedAt() {
    String path = "/v1/chat/completions";
    String bad = "data: {\"id\": 1}\n\ndata: [DONE]\n\n";
    String broken = "data: " + ERROR + "\n\n";
    assertThat(problems("POST", path, 200, "text/event-stream", bad)).isNotEmpty();
    assertThat(problems("POST", path, 200, "text/event-stream", broken)).isEmpty();
  }

  @Test
  void aRequestThatWasAcceptedButIsNotDocumentedIsFound() {
    assertThat(created("{\"worker_class\": \"gpu\", \"colour\": \"red\"}", Set.of()))
        .anyMatch(problem -> problem.contains("the request") && problem.contains("colour"));
    assertThat(created("{\"worker_class\": \"gpu\"}", Set.of("colour")))
        .anyMatch(problem -> problem.contains("parameter 'colour'"));
  }

  private static List<String> created(String request, Set<String> query) {
    return DocumentedExchange.problems(
        ApiDocument.graft(),
        new Exchange(
            "POST",
            "/v1/organization/worker_tokens",
            query,
            JSON,
            request.getBytes(StandardCharsets.UTF_8),
            200,
            JSON,
            Set.of("x-request-id"),
            new byte[0]));
  }

  private static List<String> problems(
      String method, String path, int status, @Nullable String type, String body) {
    return DocumentedExchange.problems(
        ApiDocument.graft(),
        new Exchange(
            method,
            path,
            Set.of(),
            null,
            new byte[0],
            status,
            type,
            Set.of("x-request-id"),
            body.getBytes(StandardCharsets.UTF_8)));
  }
}
