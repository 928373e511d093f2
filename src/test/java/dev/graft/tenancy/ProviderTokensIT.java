package dev.graft.tenancy;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.graft.pg.GraftIT;
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
  private static final IdentityProvider PROVIDER = new IdentityProvider();

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired Clock clock;
  private ApiClient anyone;

  @DynamicPropertySource
  static void provider(DynamicPropertyRegistry settings) {
    settings.add("graft.oidc.issuer", PROVIDER::issuer);
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
    PROVIDER.close();
  }

  @BeforeEach
  void aClient() {
    anyone = new ApiClient(port, "");
  }

  private JWTClaimsSet.Builder claims(String... groups) {
    return PROVIDER.claims(clock.instant().plus(Duration.ofMinutes(5)), groups);
  }

  private ApiClient as(JWTClaimsSet.Builder claims) throws Exception {
    return anyone.as(PROVIDER.signed(claims.build()));
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

  /** A token that names a key nobody knows may be the first of a new key: or anybody's. */
  @Test
  void unknownKeysDoNotMakeTheProviderBusy() throws Exception {
    ok(anyone.as(PROVIDER.signed(claims("ml-support").build())).get("/v1/files"));
    for (int i = 0; i < 20; i++) {
      String token =
          IdentityProvider.signed(
              claims("ml-support").build(), IdentityProvider.key("unknown " + i));
      assertThat(anyone.as(token).get("/v1/files").statusCode()).isEqualTo(401);
    }
    assertThat(PROVIDER.keysAsked.get()).isBetween(1, 3);
    ok(anyone.as(PROVIDER.signed(claims("ml-support").build())).get("/v1/files"));
  }

  @Test
  void whatIsNotTheProvidersTokenForThisGraftOpensNothing() throws Exception {
    Date over = Date.from(clock.instant().minus(Duration.ofMinutes(1)));
    Map<String, String> tokens =
        Map.of(
            "another audience", PROVIDER.signed(claims("ml-support").audience("other").build()),
            "another issuer", PROVIDER.signed(claims("ml-support").issuer("http://x").build()),
            "expired", PROVIDER.signed(claims("ml-support").expirationTime(over).build()),
            "without an end", PROVIDER.signed(claims("ml-support").expirationTime(null).build()),
            "another key",
                IdentityProvider.signed(claims("ml-support").build(), IdentityProvider.key("one")),
            "unsigned", new PlainJWT(claims("ml-support").build()).serialize(),
            "a shared secret", withSecret(claims("ml-support").build()),
            "no group of ours", PROVIDER.signed(claims("others").build()),
            "no address", PROVIDER.signed(claims("ml-support").claim("email", null).build()),
            "not vouched for",
                PROVIDER.signed(claims("ml-support").claim("email_verified", false).build()));
    for (var token : tokens.entrySet()) {
      assertThat(anyone.as(token.getValue()).get("/v1/files").statusCode())
          .as(token.getKey())
          .isEqualTo(401);
    }
    ok(anyone.as(PROVIDER.signed(claims("ml-support").build())).get("/v1/files"));
  }

  /** The public key as an HMAC secret: a classic. */
  private static String withSecret(JWTClaimsSet claims) throws Exception {
    SignedJWT token =
        new SignedJWT(new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("one").build(), claims);
    token.sign(new MACSigner(PROVIDER.key.toRSAPublicKey().getEncoded()));
    return token.serialize();
  }
}
