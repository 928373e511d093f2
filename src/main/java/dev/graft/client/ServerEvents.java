package dev.graft.client;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** Reads server-sent events (WHATWG HTML, 9.2) as they come. */
final class ServerEvents implements AutoCloseable {
  private final BufferedReader lines;

  ServerEvents(InputStream body) {
    lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
  }

  /**
   * An event.
   *
   * @param id empty if it has none
   * @param name {@code message} if it has none
   */
  record ServerEvent(String id, String name, String data) {}

  /** The next one; empty at the end of the stream. */
  Optional<ServerEvent> next() throws IOException {
    String id = "";
    String name = "message";
    StringBuilder data = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.isEmpty()) {
        if (data.isEmpty()) continue;
        return Optional.of(new ServerEvent(id, name, data.substring(1)));
      }
      int colon = line.indexOf(':');
      String field = colon < 0 ? line : line.substring(0, colon);
      String value = colon < 0 ? "" : line.substring(colon + 1).replaceFirst("^ ", "");
      switch (field) {
        case "id" -> id = value;
        case "event" -> name = value;
        case "data" -> data.append('\n').append(value);
        default -> {} // a comment, or what this client does not need
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
