package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Import;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every way to fail ends in the OpenAI envelope with a request id. */
@GraftIT
@Import(FailingRoutes.class)
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

  @ParameterizedTest
  @ValueSource(strings = {"/v1/models", "/v1/nothing", "/nothing", "/actuator/env"})
  void withoutAKeyNothingOpens(String path) throws Exception {
    HttpResponse<String> response = send(request(path).GET());
    assertThat(error(response, 401).get("code").asString()).isEqualTo("invalid_api_key");
    assertThat(response.headers().firstValue("www-authenticate")).contains("Bearer");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Bearer sk-graft-unknown", "Bearer", "Bearer ", "Basic dTpw", "sk-graft-x"})
  void aKeyThatIsNoneIs401(String authorization) throws Exception {
    error(send(request("/v1/models").header("Authorization", authorization).GET()), 401);
  }

  @Test
  void aRevokedKeyIs401() throws Exception {
    ApiKeys.Created created = keys.create(departments.ensure("support"), Caller.Scope.USER);
    keys.revoke(created.id());
    String header = "Bearer " + created.secret();
    error(send(request("/v1/models").header("Authorization", header).GET()), 401);
  }

  @Test
  void anUnknownRouteIs404WhateverIsAccepted() throws Exception {
    JsonNode error =
        error(send(authorised("/v1/no/such").header("Accept", "application/binary").GET()), 404);
    assertThat(error.get("message").asString()).contains("GET /v1/no/such");
    assertThat(error.get("code").asString()).isEqualTo("unknown_url");
  }

  @Test
  void aQueryThatCannotBeTakenApartIsTheClientsMistake() throws Exception {
    error(send(authorised("/v1/files?=x").GET()), 400);
    error(send(authorised("/v1/fine_tuning/jobs?metadata%5B%0B%5D=x").GET()), 400);
    assertThat(error(send(authorised("/v1/files?limit=").GET()), 400).get("param").asString())
        .isEqualTo("limit");
  }

  @Test
  void theCharacterThatNoDatabaseStoresIsTheClientsMistake() throws Exception {
    for (String path : List.of("/v1/fine_tuning/jobs?after=%00", "/v1/adapter_configs?after=%00")) {
      assertThat(error(send(authorised(path).GET()), 400).get("message").asString())
          .contains("U+0000");
    }
  }

  @Test
  void aNumberOrATruthValueIsNoString() throws Exception {
    for (String wrong : List.of("false", "7", "7.5")) {
      assertThat(error(post("{\"name\": " + wrong + "}"), 400).get("param").asString())
          .isEqualTo("name");
    }
  }

  @Test
  void anAnswerThatTheClientDoesNotAcceptIs406InJson() throws Exception {
    error(send(authorised("/v1/test/text").header("Accept", "image/png").GET()), 406);
  }

  @Test
  void aBodyOfAnotherMediaTypeIs415() throws Exception {
    error(
        send(
            authorised("/v1/test/echo")
                .header("Content-Type", "text/xml")
                .POST(BodyPublishers.ofString("<a/>"))),
        415);
  }

  @Test
  void badJsonSaysLineAndColumn() throws Exception {
    JsonNode error = error(post("{\"name\": \"a\",\n  \"count\": }"), 400);
    assertThat(error.get("code").asString()).isEqualTo("invalid_json");
    assertThat(error.get("message").asString()).contains("line 2, column");
  }

  @Test
  void aBodyTooLongForMemoryIs413WhetherOrNotItSaysItsLength() throws Exception {
    String body = "{\"name\": \"" + "x".repeat(9 << 20) + "\"}";
    error(post(body), 413);
    HttpResponse<String> chunked =
        send(
            authorised("/v1/test/echo")
                .header("Content-Type", "application/json")
                .POST(
                    BodyPublishers.ofInputStream(
                        () ->
                            new java.io.ByteArrayInputStream(
                                body.getBytes(StandardCharsets.UTF_8)))));
    assertThat(error(chunked, 413).get("code").asString()).isEqualTo("request_too_large");
  }

  @Test
  void anEmptyBodyIs400() throws Exception {
    error(post(""), 400);
  }

  @Test
  void anUnknownKeySaysItsPath() throws Exception {
    JsonNode error = error(post("{\"inner\": [{\"size\": 1}, {\"size\": 1, \"sise\": 1}]}"), 400);
    assertThat(error.get("code").asString()).as(error.toString()).isEqualTo("unknown_parameter");
    assertThat(error.get("param").asString()).isEqualTo("inner[1].sise");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"inner\": [{\"size\": \"1\"}]}",
        "{\"inner\": [{\"size\": 1.5}]}",
        "{\"inner\": [{\"size\": null}]}"
      })
  void aValueOfTheWrongTypeSaysItsPath(String body) throws Exception {
    assertThat(error(post(body), 400).get("param").asString()).isEqualTo("inner[0].size");
  }

  @Test
  void aKeyGivenTwiceIs400() throws Exception {
    error(post("{\"name\": \"a\", \"name\": \"b\"}"), 400);
  }

  @Test
  void whatBrokeInsideIsNotTold() throws Exception {
    try (var log = ExpectedLog.of("dev.graft.platform.ErrorAdvice", "request_failed")) {
      HttpResponse<String> response = send(authorised("/v1/test/broken").GET());
      assertThat(error(response, 500).get("type").asString()).isEqualTo("server_error");
      assertThat(response.body()).doesNotContain("secret").doesNotContain("Exception");
      assertThat(log.seen()).containsExactly("request_failed");
      assertThat(log.contexts().getFirst())
          .containsEntry("request", response.headers().firstValue("x-request-id").orElseThrow())
          .containsEntry("department", departments.ensure("support"));
    }
  }

  @Test
  void problemsOfADownloadAreJsonToo() throws Exception {
    HttpResponse<String> response =
        send(authorised("/v1/test/download").header("Accept", "application/binary").GET());
    JsonNode error = error(response, 404);
    assertThat(error.get("errors").get(0).get("line").asInt()).isEqualTo(3);
  }

  @Test
  void onlyAConflictThatSaysWhenIsWorthARetry() throws Exception {
    HttpResponse<String> conflict = send(authorised("/v1/test/conflict").GET());
    error(conflict, 409);
    assertThat(conflict.headers().firstValue("x-should-retry")).contains("false");
    HttpResponse<String> busy = send(authorised("/v1/test/busy").GET());
    error(busy, 409);
    assertThat(busy.headers().firstValue("x-should-retry")).isEmpty();
    assertThat(busy.headers().firstValue("retry-after")).contains("2");
    assertThat(busy.headers().firstValue("retry-after-ms")).contains("1500");
  }

  @Test
  void aModelsIdMayHoldASlashAndOtherPathsMayNot() throws Exception {
    HttpResponse<String> model = send(authorised("/v1/models/Qwen%2FQwen3-0.6B").GET());
    assertThat(error(model, 404).get("code").asString()).isEqualTo("model_not_found");
    error(send(authorised("/v1/files/a%2Fb").GET()), 400);
  }

  /** As curl -g sends metadata[key]=value. */
  @Test
  void literalBracketsInAQueryAreWhatTheyMean() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      String request =
          "GET /v1/fine_tuning/jobs?metadata[k]=v HTTP/1.1\r\n"
              + "Host: localhost\r\n"
              + "Connection: close\r\n"
              + "Authorization: Bearer %s\r\n\r\n".formatted(key);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 200");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/%zz HTTP/1.1",
        "GET /v1/a|b HTTP/1.1",
        "GET /v1/../etc HTTP/1.1",
        "GET /v1//models HTTP/1.1",
        "NONSENSE"
      })
  void aMalformedRequestLineIs400(String line) throws Exception {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      String request = line + "\r\nHost: localhost\r\nConnection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(answer).startsWith("HTTP/1.1 400").contains("application/json");
      String body = answer.substring(answer.indexOf('{'), answer.lastIndexOf('}') + 1);
      assertThat(json.readTree(body).get("error").propertyNames())
          .contains("message", "type", "param", "code");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/actuator/health",
        "/actuator/health/readiness",
        "/openapi.yaml",
        "/docs",
        "/docs/start.js",
        "/.well-known/oauth-protected-resource"
      })
  void whatIsForAnyoneNeedsNoKey(String path) throws Exception {
    assertThat(send(request(path).GET()).statusCode()).isEqualTo(200);
  }

  @Test
  void telemetryAndTenantHeadersOfSdksAreIgnored() throws Exception {
    HttpResponse<String> response =
        send(
            authorised("/v1/test/text")
                .header("OpenAI-Organization", "org-1")
                .header("OpenAI-Project", "proj-1")
                .header("X-Stainless-Lang", "python")
                .GET());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    assertThat(response.headers().firstValue("x-content-type-options")).contains("nosniff");
    assertThat(response.headers().firstValue("cache-control")).isPresent();
  }

  private HttpResponse<String> post(String body) throws Exception {
    return send(
        authorised("/v1/test/echo")
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body)));
  }

  private JsonNode error(HttpResponse<String> response, int status) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("x-request-id")).isPresent();
    assertThat(response.headers().firstValue("content-type").orElse(""))
        .startsWith("application/json");
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
