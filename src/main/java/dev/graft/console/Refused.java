package dev.graft.console;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.client.ClientHttpResponse;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the API answered other than 2xx: its sentence is the message. */
final class Refused extends RuntimeException {
  private static final long serialVersionUID = 1;

  /**
   * @param at a JSON path or a line of a file
   */
  record Finding(@Nullable String at, String message) {}

  private final int status;
  private final transient List<Finding> findings;
  private final @Nullable String requestId;

  Refused(int status, String message, List<Finding> findings, @Nullable String requestId) {
    super(message);
    this.status = status;
    this.findings = List.copyOf(findings);
    this.requestId = requestId;
  }

  /** Something that this server's pages say themselves. */
  static Refused notFound(String what) {
    return new Refused(404, "There is no " + what + " here.", List.of(), null);
  }

  /** Read from an error envelope. */
  static Refused of(ClientHttpResponse answer) throws IOException {
    int status = answer.getStatusCode().value();
    String requestId = answer.getHeaders().getFirst("x-request-id");
    byte[] body = answer.getBody().readAllBytes();
    try {
      JsonNode error = JsonMapper.shared().readTree(body).path("error");
      List<Finding> findings = error.path("errors").valueStream().map(Refused::finding).toList();
      String message = error.path("message").asString("The server gave no reason.");
      return new Refused(status, message, findings, requestId);
    } catch (JacksonException e) {
      return new Refused(status, "The server gave no reason.", List.of(), requestId);
    }
  }

  private static Finding finding(JsonNode error) {
    String at = error.path("path").asString("");
    if (at.isEmpty() && error.path("line").isNumber()) at = "line " + error.path("line").asLong();
    return new Finding(at.isEmpty() ? null : at, error.path("message").asString(""));
  }

  int status() {
    return status;
  }

  public List<Finding> findings() {
    return findings;
  }

  /** What an operator looks for in the log. */
  public @Nullable String requestId() {
    return requestId;
  }
}
