package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of one server with one key. */
public record ApiClient(int port, String key) {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  public ApiClient as(String other) {
    return new ApiClient(port, other);
  }

  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send("GET", path, null);
  }

  public HttpResponse<String> delete(String path) throws IOException, InterruptedException {
    return send("DELETE", path, null);
  }

  /**
   * @param body JSON with {@code '} for {@code "}
   */
  public HttpResponse<String> post(String path, String body)
      throws IOException, InterruptedException {
    return send("POST", path, body.replace('\'', '"'));
  }

  public HttpResponse<String> send(String method, String path, String body)
      throws IOException, InterruptedException {
    return send(method, path, body, "x-test", "none");
  }

  /**
   * @param value of a further header
   */
  public HttpResponse<String> send(
      String method, String path, String body, String header, String value)
      throws IOException, InterruptedException {
    BodyPublisher content = body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("content-type", type(body))
            .header(header, value)
            .method(method, content);
    if (!key.isEmpty()) request.header("authorization", "Bearer " + key);
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  private static String type(String body) {
    return body != null && body.startsWith("--X")
        ? "multipart/form-data; boundary=X"
        : "application/json";
  }

  /** The answer to a request that went well. */
  public static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(response.body());
  }

  /** The error of one that was refused, whose envelope is whole. */
  public static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = JsonMapper.shared().readTree(response.body()).get("error");
    assertThat(error.propertyNames()).contains("message", "type", "param", "code");
    return error;
  }

  public static String text(JsonNode object, String field) {
    return object.get(field).asString();
  }
}
