package dev.graft.inference;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.json.JsonMapper;

/** Server-sent events as OpenAI sends them: unnamed, JSON each, {@code [DONE]} at the end. */
final class EventStream {
  private final HttpServletResponse response;
  private final JsonMapper json;
  private boolean open;

  EventStream(HttpServletResponse response, JsonMapper json) {
    this.response = response;
    this.json = json;
  }

  /**
   * @throws IOException if the client is gone
   */
  void send(Object event) throws IOException {
    write(json.writeValueAsString(event));
  }

  void end() throws IOException {
    write("[DONE]");
  }

  /** Status and headers go with the first event, so that what fails before is a plain error. */
  private void write(String data) throws IOException {
    if (!open) {
      response.setContentType("text/event-stream;charset=UTF-8");
      response.setHeader("cache-control", "no-cache");
      // nginx would collect the events otherwise
      response.setHeader("x-accel-buffering", "no");
      open = true;
    }
    response.getOutputStream().write(("data: " + data + "\n\n").getBytes(StandardCharsets.UTF_8));
    response.flushBuffer();
  }
}
