package dev.graft.datasets;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A client of Files and Uploads that sends what a test says, as bytes. */
public final class DatasetsApi {
  private static final JsonMapper JSON = new JsonMapper();
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private final int port;
  private final String key;

  public DatasetsApi(int port, String key) {
    this.port = port;
    this.key = key;
  }

  public HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/v1/" + path))
        .header("Authorization", "Bearer " + key);
  }

  public static HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return HTTP.send(request.build(), BodyHandlers.ofString());
  }

  public HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(to(path));
  }

  public byte[] content(String fileId) throws IOException, InterruptedException {
    return HTTP.send(to("files/" + fileId + "/content").build(), BodyHandlers.ofByteArray()).body();
  }

  public HttpResponse<String> post(String path, Map<String, ?> body)
      throws IOException, InterruptedException {
    return send(
        to(path)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(JSON.writeValueAsString(body))));
  }

  public HttpResponse<String> file(String filename, byte[] content, Map<String, String> fields)
      throws IOException, InterruptedException {
    return send(
        to("files")
            .header("Content-Type", "multipart/form-data; boundary=X")
            .POST(BodyPublishers.ofByteArray(form("file", filename, content, fields))));
  }

  public HttpResponse<String> part(String uploadId, byte[] content)
      throws IOException, InterruptedException {
    return send(
        to("uploads/" + uploadId + "/parts")
            .header("Content-Type", "multipart/form-data; boundary=X")
            .POST(BodyPublishers.ofByteArray(form("data", "blob", content, Map.of()))));
  }

  private static byte[] form(
      String name, String filename, byte[] content, Map<String, String> fields) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    for (Map.Entry<String, String> field : fields.entrySet()) {
      body.write(
          "--X\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
              .formatted(field.getKey(), field.getValue())
              .getBytes(UTF_8));
    }
    body.write(
        ("--X\r\nContent-Disposition: form-data; name=\"%s\"; filename=\"%s\"\r\n"
                + "Content-Type: application/octet-stream\r\n\r\n")
            .formatted(name, filename)
            .getBytes(UTF_8));
    body.write(content);
    body.write("\r\n--X--\r\n".getBytes(UTF_8));
    return body.toByteArray();
  }

  /** The answer to a request that went well. */
  public static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  /** The error of one that was refused, whose envelope is whole. */
  public static JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = JSON.readTree(response.body()).get("error");
    assertThat(error.propertyNames()).contains("message", "type", "param", "code");
    return error;
  }

  public static String id(JsonNode object) {
    return object.get("id").stringValue();
  }
}
