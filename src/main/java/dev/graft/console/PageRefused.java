package dev.graft.console;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.client.ClientHttpResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the API answered other than 2xx: its sentence is the message. */
final class PageRefused extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param at a JSON path or a line of a file
   */
  public record Detail(@Nullable String at, String message) {}

  private final int status;
  private final transient List<Detail> findings;
  private final @Nullable String requestId;

  public PageRefused(
      int status, String message, List<Detail> findings, @Nullable String requestId) {
    super(message);
    this.status = status;
    this.findings = List.copyOf(findings);
    this.requestId = requestId;
  }

  /** Something that this server's pages say themselves. */
  public static PageRefused notFound(String what) {
    return new PageRefused(404, "There is no " + what + " here.", List.of(), null);
  }

  /** Read from an error envelope. */
  static PageRefused of(ClientHttpResponse answer) throws IOException {
    int status = answer.getStatusCode().value();
    String requestId = answer.getHeaders().getFirst("x-request-id");
    byte[] body = answer.getBody().readAllBytes();
    try {
      JsonNode error = JsonMapper.shared().readTree(body).path("error");
      List<Detail> findings = error.path("errors").valueStream().map(PageRefused::finding).toList();
      String message = error.path("message").asString("The server gave no reason.");
      return new PageRefused(status, message, findings, requestId);
    } catch (JacksonException e) {
      return new PageRefused(status, "The server gave no reason.", List.of(), requestId);
    }
  }

  private static Detail finding(JsonNode error) {
    String at = error.path("path").asString("");
    if (at.isEmpty() && error.path("line").isNumber()) at = "line " + error.path("line").asLong();
    return new Detail(at.isEmpty() ? null : at, error.path("message").asString(""));
  }

  public int status() {
    return status;
  }

  public List<Detail> findings() {
    return findings;
  }

  /** What an operator looks for in the log. */
  public @Nullable String requestId() {
    return requestId;
  }
}
