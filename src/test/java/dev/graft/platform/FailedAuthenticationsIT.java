package dev.graft.platform;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.ExpectedLog;
import dev.graft.pg.GraftIT;
import dev.graft.pg.MovableClock;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.TestPropertySource;

/** Addresses are those that a trusted proxy tells. */
@GraftIT
@TestPropertySource(
    properties = {
      "server.forward-headers-strategy=native",
      "graft.http.failed-authentications-per-minute=5"
    })
class FailedAuthenticationsIT {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired MovableClock clock;

  @AfterEach
  void now() {
    clock.reset();
  }

  @Test
  void afterSoManyAnAddressIsNotLookedUpAnyMoreForAMinute() throws Exception {
    String department = departments.ensure("limited");
    String known = keys.create(department, Caller.Scope.USER).secret();
    String strange = keys.create(department, Caller.Scope.USER).secret();
    assertThat(get("/v1/models", known, "198.51.100.1").statusCode()).isEqualTo(200);
    exhaust("/v1/models", "198.51.100.7", "198.51.100.7");
    HttpResponse<String> refused = get("/v1/models", "sk-wrong", "198.51.100.7");
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.body()).contains("rate_limit_exceeded", "Check the key");
    assertThat(Integer.parseInt(refused.headers().firstValue("retry-after").orElseThrow()))
        .isBetween(1, 60);
    assertThat(get("/v1/models", strange, "198.51.100.7").statusCode())
        .as("a good key that this server has not seen")
        .isEqualTo(429);
    assertThat(get("/v1/models", known, "198.51.100.7").statusCode())
        .as("one that it has")
        .isEqualTo(200);
    assertThat(get("/v1/models", "sk-wrong", "198.51.100.8").statusCode())
        .as("from elsewhere")
        .isEqualTo(401);
    assertThat(get("/livez", "sk-wrong", "198.51.100.7").statusCode()).isEqualTo(200);
    clock.move(Duration.ofSeconds(61));
    assertThat(get("/v1/models", strange, "198.51.100.7").statusCode()).isEqualTo(200);
  }

  @Test
  void aNetworkOfIpv6IsOneAddress() throws Exception {
    exhaust("/v1/models", "2001:db8:7:1::1", "2001:db8:7:1::2");
    assertThat(get("/v1/models", "sk-wrong", "2001:db8:7:1:9:9:9:9").statusCode()).isEqualTo(429);
    assertThat(get("/v1/models", "sk-wrong", "2001:db8:7:2::1").statusCode()).isEqualTo(401);
  }

  @Test
  void workersAreLimitedAsWell() throws Exception {
    exhaust("/worker/v1/leases", "198.51.100.20", "198.51.100.20");
    assertThat(get("/worker/v1/leases", "graft-worker-x", "198.51.100.20").statusCode())
        .isEqualTo(429);
    try (var log = ExpectedLog.of(FailedAuthentications.class, "authentication_limited")) {
      for (int i = 0; i < 5; i++) assertThat(join("198.51.100.21").statusCode()).isEqualTo(401);
      HttpResponse<String> refused = join("198.51.100.21");
      assertThat(refused.statusCode()).isEqualTo(429);
      assertThat(refused.headers().firstValue("retry-after")).isPresent();
      assertThat(log.seen()).hasSize(1);
    }
  }

  @Test
  void requestsWithoutACredentialAreCheapAndNotCounted() throws Exception {
    for (int i = 0; i < 20; i++) {
      HttpRequest request = to("/v1/models", "198.51.100.30").GET().build();
      assertThat(HTTP.send(request, BodyHandlers.ofString()).statusCode()).isEqualTo(401);
    }
  }

  /** Uses up what two addresses may, which are one if they are of one network. */
  private void exhaust(String path, String first, String second) throws Exception {
    try (var log = ExpectedLog.of(FailedAuthentications.class, "authentication_limited")) {
      for (int i = 0; i < 5; i++) {
        assertThat(get(path, "sk-wrong-" + i, i % 2 == 0 ? first : second).statusCode())
            .isEqualTo(401);
      }
      assertThat(log.seen()).hasSize(1);
    }
  }

  private HttpResponse<String> join(String address) throws Exception {
    HttpRequest request =
        to("/worker/v1/join", address)
            .header("graft-protocol", "4")
            .POST(BodyPublishers.ofString("{\"token\":\"guessed\",\"name\":\"x\"}"))
            .build();
    return HTTP.send(request, BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path, String key, String address) throws Exception {
    HttpRequest request = to(path, address).header("Authorization", "Bearer " + key).build();
    return HTTP.send(request, BodyHandlers.ofString());
  }

  private HttpRequest.Builder to(String path, String address) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .header("X-Forwarded-For", address);
  }
}
