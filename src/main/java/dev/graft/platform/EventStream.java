package dev.graft.platform;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import tools.jackson.databind.json.JsonMapper;

/**
 * Writes server-sent events (WHATWG HTML, 9.2) with JSON data, ending with OpenAI's {@code [DONE]}.
 * Every event is flushed.
 */
public final class EventStream {
  private final HttpServletResponse response;
  private final JsonMapper json;
  private boolean open;

  public EventStream(HttpServletResponse response, JsonMapper json) {
    this.response = response;
    this.json = json;
  }

  /**
   * Sends an event without a name, as OpenAI does.
   *
   * @throws IOException if the client has disconnected; all other methods throw it too
   */
  public void send(Object event) throws IOException {
    write("data: " + json.writeValueAsString(event));
  }

  /**
   * Sends an event with a name.
   *
   * @param id what a reconnecting client sends as {@code Last-Event-ID}; id and name have no line
   *     breaks
   */
  public void send(String id, String name, Object event) throws IOException {
    write("id: %s\nevent: %s\ndata: %s".formatted(id, name, json.writeValueAsString(event)));
  }

  /** Sets how long a client waits before it reconnects. */
  public void retry(Duration wait) throws IOException {
    write("retry: " + wait.toMillis());
  }

  /** Sends a comment, so that proxies keep the connection open. */
  public void keepAlive() throws IOException {
    write(": keep-alive");
  }

  public void end() throws IOException {
    write("data: [DONE]");
  }

  /** Sends the end under a name, for clients that listen by name. */
  public void end(String name) throws IOException {
    write("event: " + name + "\ndata: [DONE]");
  }

  /** Sets the headers with the first block, so that earlier failures are ordinary error answers. */
  private void write(String block) throws IOException {
    if (!open) {
      response.setContentType("text/event-stream;charset=UTF-8");
      response.setHeader("cache-control", "no-cache");
      // nginx would buffer the events otherwise
      response.setHeader("x-accel-buffering", "no");
      open = true;
    }
    response.getOutputStream().write((block + "\n\n").getBytes(StandardCharsets.UTF_8));
    response.flushBuffer();
  }
}
