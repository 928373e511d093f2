package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import dev.graft.pg.GraftIT;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;

/** People with tokens of an identity provider, whose keys are made here. */
@GraftIT
class ProviderTokensIT {
  private static final RSAKey KEY = key("one");
  private static final HttpServer PROVIDER = provider();

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired Clock clock;
  private ApiClient anyone;

  private static RSAKey key(String id) {
    try {
      return new RSAKeyGenerator(2048).keyID(id).generate();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  /** Serves its discovery document and its public keys. */
  private static HttpServer provider() {
    try {
      HttpServer server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      String issuer = "http://127.0.0.1:" + server.getAddress().getPort();
      answers(
          server,
          "/.well-known/openid-configuration",
          "{\"issuer\": \"%1$s\", \"jwks_uri\": \"%1$s/keys\", \"subject_types_supported\": [\"public\"]}"
              .formatted(issuer));
      answers(server, "/keys", new JWKSet(KEY.toPublicJWK()).toString());
      server.start();
      return server;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void answers(HttpServer server, String path, String body) {
    server.createContext(
        path,
        exchange -> {
          exchange.getResponseHeaders().add("content-type", "application/json");
          exchange.sendResponseHeaders(200, body.length());
          exchange.getResponseBody().write(body.getBytes());
          exchange.close();
        });
  }

  private static String issuer() {
    return "http://127.0.0.1:" + PROVIDER.getAddress().getPort();
  }

  @DynamicPropertySource
  static void provider(DynamicPropertyRegistry settings) {
    settings.add("graft.oidc.issuer", ProviderTokensIT::issuer);
    settings.add("graft.oidc.audience", () -> "graft");
    List<String> groups =
        List.of("ml-support/Support/member", "ml-leads/Support/owner", "ml-sales/Sales/member");
    for (int i = 0; i < groups.size(); i++) {
      String[] of = groups.get(i).split("/");
      String name = "graft.oidc.groups[" + i + "].";
      settings.add(name + "group", () -> of[0]);
      settings.add(name + "department", () -> of[1]);
      settings.add(name + "role", () -> of[2]);
    }
    settings.add("graft.oidc.administrators[0]", () -> "ml-platform");
  }

  @AfterAll
  static void stop() {
    PROVIDER.stop(0);
  }

  @BeforeEach
  void aClient() {
    anyone = new ApiClient(port, "");
  }

  private JWTClaimsSet.Builder claims(String... groups) {
    return new JWTClaimsSet.Builder()
        .issuer(issuer())
        .audience("graft")
        .subject("1")
        .expirationTime(Date.from(clock.instant().plus(Duration.ofMinutes(5))))
        .claim("email", "Ada@example.org")
        .claim("groups", List.of(groups));
  }

  private static String signed(JWTClaimsSet claims, RSAKey key) throws Exception {
    SignedJWT token =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("one").build(), claims);
    token.sign(new RSASSASigner(key));
    return token.serialize();
  }

  private ApiClient as(JWTClaimsSet.Builder claims) throws Exception {
    return anyone.as(signed(claims.build(), KEY));
  }

  @Test
  void groupsAreDepartmentsWithARole() throws Exception {
    ApiClient member = as(claims("others", "ml-support"));
    ok(member.get("/v1/files"));
    String project = departments.find("support").orElseThrow();
    ok(member.get("/v1/organization/projects/" + project));
    String accounts = "/v1/organization/projects/" + project + "/service_accounts";
    error(member.post(accounts, "{'name': 'portal'}"), 403);
    error(member.get("/v1/organization/projects"), 403);
    ok(as(claims("ml-support", "ml-leads")).post(accounts, "{'name': 'portal'}"));

    ApiClient administrator = as(claims("ml-platform"));
    ok(administrator.get("/v1/organization/projects"));
    error(administrator.get("/v1/files"), 403);
    ok(as(claims("ml-platform", "ml-sales")).get("/v1/files"));
    JsonNode entry =
        ok(administrator.get(
                "/v1/organization/audit_logs?event_types%5B%5D=service_account.created&limit=1"))
            .at("/data/0/actor");
    assertThat(text(entry, "type")).isEqualTo("session");
    assertThat(text(entry.at("/session/user"), "email")).isEqualTo("Ada@example.org");
    assertThat(text(entry.at("/session/user"), "id")).startsWith("user_");
  }

  @Test
  void whoIsInSeveralDepartmentsSaysWhich() throws Exception {
    ApiClient both = as(claims("ml-sales", "ml-support"));
    String config = "/v1/adapter_configs";
    ok(both.post(config, "{'name': 'ours', 'adapter': {}}"));
    String sales = departments.find("sales").orElseThrow();
    error(both.send("GET", config + "/ours", null, "OpenAI-Project", sales), 404);
    ok(both.send("GET", config + "/ours", null, "x-test", "none"));
    assertThat(both.send("GET", config, null, "OpenAI-Project", "proj_other").statusCode())
        .isEqualTo(401);
  }

  @Test
  void whatIsNotTheProvidersTokenForThisGraftOpensNothing() throws Exception {
    Date over = Date.from(clock.instant().minus(Duration.ofMinutes(1)));
    Map<String, String> tokens =
        Map.of(
            "another audience", signed(claims("ml-support").audience("other").build(), KEY),
            "another issuer", signed(claims("ml-support").issuer("http://x").build(), KEY),
            "expired", signed(claims("ml-support").expirationTime(over).build(), KEY),
            "without an end", signed(claims("ml-support").expirationTime(null).build(), KEY),
            "another key", signed(claims("ml-support").build(), key("two")),
            "unsigned", new PlainJWT(claims("ml-support").build()).serialize(),
            "a shared secret", withSecret(claims("ml-support").build()),
            "no group of ours", signed(claims("others").build(), KEY),
            "no address", signed(claims("ml-support").claim("email", null).build(), KEY),
            "not vouched for",
                signed(claims("ml-support").claim("email_verified", false).build(), KEY));
    for (var token : tokens.entrySet()) {
      assertThat(anyone.as(token.getValue()).get("/v1/files").statusCode())
          .as(token.getKey())
          .isEqualTo(401);
    }
    ok(anyone.as(signed(claims("ml-support").build(), KEY)).get("/v1/files"));
  }

  /** The public key as an HMAC secret: a classic. */
  private static String withSecret(JWTClaimsSet claims) throws Exception {
    SignedJWT token =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("one").build(), claims);
    token.sign(new MACSigner(KEY.toRSAPublicKey().getEncoded()));
    return token.serialize();
  }
}
