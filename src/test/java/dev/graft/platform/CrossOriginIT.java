package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.pg.GraftIT;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.web.server.LocalServerPort;

/** What a browser is told about the pages that may ask. */
@GraftIT
class CrossOriginIT {
  @LocalServerPort private int port;

  /** java.net.http keeps these headers to itself unless it is told otherwise. */
  @BeforeAll
  static void asBrowsersDo() {
    System.setProperty("jdk.httpclient.allowRestrictedHeaders", "origin");
  }

  private HttpResponse<String> ask(String method, String origin, String... headers)
      throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/v1/fine_tuning/jobs"))
            .method(method, BodyPublishers.noBody())
            .header("Origin", origin);
    if (headers.length > 0) request.headers(headers);
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request.build(), BodyHandlers.ofString());
    }
  }

  private HttpResponse<String> preflight(String origin) throws Exception {
    return ask(
        "OPTIONS",
        origin,
        "Access-Control-Request-Method",
        "POST",
        "Access-Control-Request-Headers",
        "authorization, content-type, x-stainless-lang");
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://portal.example", "http://localhost:3000"})
  void aNamedOriginMayAskWithItsKeyAndReadTheRequestId(String origin) throws Exception {
    HttpResponse<String> may = preflight(origin);
    assertThat(may.statusCode()).isEqualTo(200);
    assertThat(header(may, "access-control-allow-origin")).isEqualTo(origin);
    assertThat(header(may, "access-control-allow-methods")).contains("POST", "DELETE");
    assertThat(header(may, "access-control-allow-headers")).contains("authorization");
    assertThat(header(may, "access-control-allow-credentials")).isEmpty();

    HttpResponse<String> asked = ask("GET", origin);
    assertThat(asked.statusCode()).isEqualTo(401);
    assertThat(header(asked, "access-control-allow-origin")).isEqualTo(origin);
    assertThat(header(asked, "access-control-expose-headers")).contains("x-request-id");
  }

  @ParameterizedTest
  @ValueSource(strings = {"https://portal.example.evil.example", "http://portal.example", "null"})
  void anotherOriginIsRefusedInTheEnvelope(String origin) throws Exception {
    HttpResponse<String> refused = preflight(origin);
    assertThat(refused.statusCode()).isEqualTo(403);
    assertThat(header(refused, "access-control-allow-origin")).isEmpty();
    assertThat(refused.body()).contains("\"error\"", "graft.http.allowed-origins");
  }

  @Test
  void whatIsNoOriginKeepsTheServerFromStarting() {
    for (String wrong : List.of("*", "portal.example", "https://portal.example/", "ftp://x")) {
      assertThatThrownBy(
              () -> SecurityConfiguration.CrossOrigin.filter(List.of(wrong), new ErrorWriter(null)))
          .as(wrong)
          .hasMessageContaining("graft.http.allowed-origins: '" + wrong + "'");
    }
  }
}
