package dev.graft.openai;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What travels: the envelope on every error path, and names with slashes. */
class WireIT extends StartedGraft {
  private static final JsonMapper JSON = new JsonMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private String key = "";

  @BeforeEach
  void aKeyAndAModel() throws IOException {
    key = key("support");
    registerTiny();
  }

  @ParameterizedTest(name = "{0} {1} is {2}")
  @CsvSource(
      delimiter = '|',
      value = {
        "GET    | /v1/nothing                 | 404 | application/json",
        "GET    | /v1/files/file-none         | 404 | application/json",
        "GET    | /v1/files/file-none/content | 404 | application/binary",
        "GET    | /v1/adapters/ad_none        | 404 | application/json",
        "GET    | /v1/adapters/ad_none/content | 404 | application/binary",
        "GET    | /v1/adapters/ad_none/files/merged%2Fmodel.safetensors | 404 | application/binary",
        "GET    | /v1/models/none             | 404 | application/json",
        "GET    | /v1/models/no%2Fne          | 404 | application/json",
        "DELETE | /v1/models/none             | 404 | application/json",
        "GET    | /v1/fine_tuning/jobs/ftjob-none | 404 | application/json",
        "DELETE | /v1/chat/completions        | 405 | application/json",
        "PUT    | /v1/files                   | 405 | application/json"
      })
  void errorsHaveTheEnvelope(String method, String path, int status, String accept)
      throws Exception {
    HttpResponse<String> response =
        send(request(path).method(method, BodyPublishers.noBody()).header("accept", accept));
    assertEnvelope(response, status);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{                 | application/json | 400",
        "[]                | application/json | 400",
        "\"text\"          | application/json | 400",
        "model=tiny        | text/plain       | 415",
        "{\"model\": \"tiny\", \"stream\": true} | application/json | 400"
      })
  void unreadableBodiesHaveTheEnvelope(String body, String type, int status) throws Exception {
    HttpRequest.Builder chat =
        request("/v1/chat/completions")
            .header("content-type", type)
            .POST(BodyPublishers.ofString(body));
    assertEnvelope(send(chat), status);
  }

  @Test
  void aMissingOrWrongKeyHasTheEnvelope() throws Exception {
    HttpRequest.Builder none = HttpRequest.newBuilder(URI.create(url() + "/v1/models"));
    assertEnvelope(send(none), 401);
    assertEnvelope(send(none.copy().header("authorization", "Bearer wrong")), 401);
    assertEnvelope(send(none.copy().header("authorization", "Basic eDp5")), 401);
  }

  @Test
  void chatRefusalsNameTheParameter() throws Exception {
    assertThat(chat("\"tiny\", \"temperature\": 2.5", "hi", 400).path("param").asString())
        .isEqualTo("temperature");
    assertThat(chat("\"absent\"", "hi", 404).path("code").asString()).isEqualTo("model_not_found");
    assertThat(chat("\"tiny\"", "x".repeat(300), 400).path("code").asString())
        .isEqualTo("context_length_exceeded");
    assertThat(chat("\"tiny\"", "a <|end|> b", 400).path("param").asString())
        .isEqualTo("messages[0].content");
  }

  private JsonNode chat(String model, String content, int status) throws Exception {
    String body =
        "{\"model\": %s, \"messages\": [{\"role\": \"user\", \"content\": \"%s\"}]}"
            .formatted(model, content);
    HttpRequest.Builder chat =
        request("/v1/chat/completions")
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body));
    return assertEnvelope(send(chat), status);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create(url() + path))
        .header("authorization", "Bearer " + key);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private static JsonNode assertEnvelope(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    assertThat(response.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("application/json"));
    JsonNode error = JSON.readTree(response.body()).path("error");
    assertThat(error.propertyNames()).contains("message", "type", "param", "code");
    assertThat(error.path("message").asString()).isNotBlank();
    return error;
  }
}
