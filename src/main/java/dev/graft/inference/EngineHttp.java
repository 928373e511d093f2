package dev.graft.inference;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Calls of one engine. */
final class EngineHttp implements AutoCloseable {
  private static final int MAX_ERROR = 64 << 10;
  private static final int MAX_BODY = 16 << 20;
  private static final JsonMapper JSON = JsonMapper.shared();

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(10))
          .followRedirects(HttpClient.Redirect.NEVER)
          .build();

  private final URI url;
  private final @Nullable String apiKey;

  public EngineHttp(URI url, @Nullable String apiKey) {
    this.url = url;
    this.apiKey = apiKey;
  }

  /**
   * Posts; close the answer's body.
   *
   * @param timeout until the answer begins
   */
  HttpResponse<InputStream> post(String path, JsonNode body, Duration timeout)
      throws IOException, InterruptedException {
    return send(
        request(path, timeout)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(JSON.writeValueAsString(body))));
  }

  /** As {@link #post}. */
  HttpResponse<InputStream> get(String path, Duration timeout)
      throws IOException, InterruptedException {
    return send(request(path, timeout));
  }

  private HttpRequest.Builder request(String path, Duration timeout) {
    return HttpRequest.newBuilder(URI.create(url.toString().replaceAll("/+$", "") + path))
        .timeout(timeout);
  }

  private HttpResponse<InputStream> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    if (apiKey != null) request.header("authorization", "Bearer " + apiKey);
    return client.send(request.build(), BodyHandlers.ofInputStream());
  }

  /** A body of bounded size. */
  static JsonNode json(InputStream body) throws IOException {
    return JSON.readTree(body.readNBytes(MAX_BODY));
  }

  /** The data of the events of a body, one after the other. */
  static final class Events implements AutoCloseable {
    private static final String DATA = "data:";
    private final BufferedReader lines;

    Events(InputStream body) {
      lines = new BufferedReader(new InputStreamReader(body, StandardCharsets.UTF_8));
    }

    /** Null after the last. */
    @Nullable EngineChunk next() throws IOException, InterruptedException {
      try {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (!line.startsWith(DATA)) continue;
          String data = line.substring(DATA.length()).strip();
          return data.equals("[DONE]") ? null : new EngineChunk(JSON.readTree(data));
        }
        return null;
      } catch (IOException broken) {
        if (Thread.interrupted()) throw new InterruptedException();
        throw broken;
      }
    }

    @Override
    public void close() throws IOException {
      lines.close();
    }
  }

  /** What an engine says about an error, in any of the shapes there are. */
  static String message(InputStream body) throws IOException {
    String text = new String(body.readNBytes(MAX_ERROR), StandardCharsets.UTF_8);
    try {
      JsonNode json = JSON.readTree(text);
      JsonNode error = json.path("error");
      JsonNode message = error.isObject() ? error.path("message") : json.path("message");
      return message.asString(error.asString(json.path("detail").asString("no message")));
    } catch (tools.jackson.core.JacksonException notJson) {
      return "no message";
    }
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
