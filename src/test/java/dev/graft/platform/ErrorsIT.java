package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

@GraftIT
class ErrorsIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JsonMapper json;
  private final HttpClient http = HttpClient.newHttpClient();
  private String key = "";

  @BeforeEach
  void aKey() {
    key = keys.create(departments.ensure("support"), Caller.Scope.USER).secret();
  }

  @Test
  void noKeyIs401InTheEnvelope() throws Exception {
    JsonNode error = error(send(request("/v1/models").GET()), 401);
    assertThat(error.get("code").asString()).isEqualTo("invalid_api_key");
  }

  @Test
  void aRevokedKeyIs401() throws Exception {
    ApiKeys.Created created = keys.create(departments.ensure("support"), Caller.Scope.USER);
    keys.revoke(created.id());
    error(
        send(request("/v1/models").header("Authorization", "Bearer " + created.secret()).GET()),
        401);
  }

  @Test
  void anUnknownRouteIs404InTheEnvelopeWhateverIsAccepted() throws Exception {
    JsonNode error =
        error(
            send(authorised("/v1/nothing/here").header("Accept", "application/binary").GET()), 404);
    assertThat(error.get("message").asString()).contains("/v1/nothing/here");
  }

  @Test
  void aWrongMethodIs405() throws Exception {
    error(send(authorised("/v1/files").PUT(HttpRequest.BodyPublishers.noBody())), 405);
  }

  @Test
  void badJsonSaysWhere() throws Exception {
    HttpResponse<String> response =
        send(
            authorised("/v1/chat/completions")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"model\": ")));
    error(response, 400);
  }

  @Test
  void healthNeedsNoKey() throws Exception {
    assertThat(send(request("/actuator/health").GET()).statusCode()).isEqualTo(200);
  }

  private JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    JsonNode error = json.readTree(response.body()).get("error");
    assertThat(error.propertyNames()).contains("message", "type", "param", "code");
    return error;
  }

  private HttpRequest.Builder authorised(String path) {
    return request(path).header("Authorization", "Bearer " + key);
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
