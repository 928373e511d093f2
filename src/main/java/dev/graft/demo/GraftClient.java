package dev.graft.demo;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The calls of the OpenAI API that the demo makes, as a portal would. Any answer other than 2xx is
 * a {@link DemoFailed} with the server's message.
 */
final class GraftClient implements AutoCloseable {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String BOUNDARY = "graft-demo-7d1f";

  private final HttpClient http = HttpClient.newHttpClient();
  private final URI server;
  private final String key;

  GraftClient(URI server, String key) {
    this.server = server;
    this.key = key;
  }

  JsonNode get(String path) {
    return json(send(request(path).GET(), BodyHandlers.ofString()));
  }

  JsonNode post(String path, Map<String, ?> body) {
    var request = request(path).header("content-type", "application/json");
    return json(
        send(
            request.POST(BodyPublishers.ofString(JSON.writeValueAsString(body))),
            BodyHandlers.ofString()));
  }

  /** Uploads a training file; returns its id. */
  String upload(String filename, String content) {
    var request =
        request("/v1/files").header("content-type", "multipart/form-data; boundary=" + BOUNDARY);
    return json(send(request.POST(multipart(filename, content)), BodyHandlers.ofString()))
        .path("id")
        .asString();
  }

  void download(String path, Path file) {
    var response = send(request(path).GET(), BodyHandlers.ofByteArray());
    try {
      java.nio.file.Files.write(file, response.body());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  /** The answer of a model to one question. */
  String ask(String model, String question) {
    var message = Map.of("role", "user", "content", question);
    var body =
        Map.of("model", model, "messages", List.of(message), "temperature", 0, "max_tokens", 40);
    return post("/v1/chat/completions", body).at("/choices/0/message/content").asString().strip();
  }

  private static BodyPublisher multipart(String filename, String content) {
    String body =
        """
        --%1$s\r
        content-disposition: form-data; name="purpose"\r
        \r
        fine-tune\r
        --%1$s\r
        content-disposition: form-data; name="file"; filename="%2$s"\r
        content-type: application/jsonl\r
        \r
        %3$s\r
        --%1$s--\r
        """
            .formatted(BOUNDARY, filename, content);
    return BodyPublishers.ofString(body, StandardCharsets.UTF_8);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(server.resolve(path))
        .timeout(Duration.ofMinutes(2))
        .header("authorization", "Bearer " + key);
  }

  private <T> HttpResponse<T> send(
      HttpRequest.Builder builder, HttpResponse.BodyHandler<T> handler) {
    var request = builder.build();
    try {
      var response = http.send(request, handler);
      if (response.statusCode() / 100 != 2) {
        throw new DemoFailed(
            "%s %s answered %d: %s"
                .formatted(
                    request.method(),
                    request.uri().getPath(),
                    response.statusCode(),
                    message(response.body())));
      }
      return response;
    } catch (IOException e) {
      throw new DemoFailed("the server does not answer at " + request.uri() + ": " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DemoFailed("interrupted");
    }
  }

  private static <T> String message(T body) {
    if (!(body instanceof String text)) return "no message";
    try {
      return JSON.readTree(text).at("/error/message").asString("no message");
    } catch (JacksonException e) {
      return "no message";
    }
  }

  private static JsonNode json(HttpResponse<String> response) {
    return JSON.readTree(response.body());
  }

  @Override
  public void close() {
    http.close();
  }
}
