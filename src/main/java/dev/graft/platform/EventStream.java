package dev.graft.platform;

import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import tools.jackson.databind.json.JsonMapper;

/**
 * Server-sent events (WHATWG HTML, 9.2) with JSON each; OpenAI's {@code [DONE]} is the last. Each
 * goes out at once.
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
   * An event without a name, as OpenAI sends them.
   *
   * @throws IOException if the client is gone; so do all others
   */
  public void send(Object event) throws IOException {
    write("data: " + json.writeValueAsString(event));
  }

  /**
   * An event with a name.
   *
   * @param id what a client that comes back sends as {@code Last-Event-ID}; both without line ends
   */
  public void send(String id, String name, Object event) throws IOException {
    write("id: %s\nevent: %s\ndata: %s".formatted(id, name, json.writeValueAsString(event)));
  }

  /** How long a client that lost its connection waits before it comes back. */
  public void retry(Duration wait) throws IOException {
    write("retry: " + wait.toMillis());
  }

  /** Nothing to clients; proxies see that the line is in use. */
  public void keepAlive() throws IOException {
    write(": keep-alive");
  }

  public void end() throws IOException {
    write("data: [DONE]");
  }

  /** The end under a name, for clients that listen by names. */
  public void end(String name) throws IOException {
    write("event: " + name + "\ndata: [DONE]");
  }

  /** Status and headers go with the first block, so that what fails before is a plain error. */
  private void write(String block) throws IOException {
    if (!open) {
      response.setContentType("text/event-stream;charset=UTF-8");
      response.setHeader("cache-control", "no-cache");
      // nginx would collect the events otherwise
      response.setHeader("x-accel-buffering", "no");
      open = true;
    }
    response.getOutputStream().write((block + "\n\n").getBytes(StandardCharsets.UTF_8));
    response.flushBuffer();
  }
}
