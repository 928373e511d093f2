package dev.graft.tenancy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.pg.GraftIT;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.test.context.TestPropertySource;

/** Whose address is noted behind a proxy, which here is on the server's own host. */
@GraftIT
@TestPropertySource(
    properties = {
      "server.forward-headers-strategy=native",
      "graft.http.failed-authentications-per-minute=5"
    })
class TrustedProxyIT {
  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired JdbcClient sql;

  /** Of several addresses the last is what the proxy saw; the others are what a client claims. */
  @ParameterizedTest
  @CsvSource({
    "203.0.113.7, 203.0.113.7",
    "10.1.2.3, 10.1.2.3",
    "'203.0.113.7, 10.1.2.3', 10.1.2.3",
    "'203.0.113.7, 192.168.0.9', 192.168.0.9",
    "'203.0.113.7, 172.16.5.5', 172.16.5.5",
    "'203.0.113.7, 100.64.1.1', 100.64.1.1",
  })
  void aClientInAPrivateNetworkIsNoProxy(String header, String noted) throws Exception {
    String key = keys.create(departments.ensure("forwarded"), Caller.Scope.USER).secret();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> refused =
          client.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + port + "/v1/organization/audit_logs"))
                  .header("Authorization", "Bearer " + key)
                  .header("X-Forwarded-For", header)
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(refused.statusCode()).isEqualTo(403);
      String request = refused.headers().firstValue("x-request-id").orElseThrow();
      assertThat(
              sql.sql("select ip_address from audit_log where request_id = :request")
                  .param("request", request)
                  .query(String.class)
                  .single())
          .isEqualTo(noted);
    }
  }
}
