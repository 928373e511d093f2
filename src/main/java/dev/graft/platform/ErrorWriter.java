package dev.graft.platform;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import org.springframework.http.MediaType;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Writes errors outside controllers: in filters and in the firewall. */
@Component
class ErrorWriter {
  private final JsonMapper json;

  public ErrorWriter(JsonMapper json) {
    this.json = json;
  }

  /** Writes status, headers and the OpenAI envelope, unless the response is already committed. */
  public void write(HttpServletResponse response, RequestFailed problem) throws IOException {
    if (response.isCommitted()) {
      return;
    }
    response.setStatus(problem.type().status());
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    problem.headers().forEach(response::setHeader);
    response.getOutputStream().write(json.writeValueAsBytes(ErrorEnvelope.of(problem)));
  }
}
