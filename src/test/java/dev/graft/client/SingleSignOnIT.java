package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.client.LoginCommand.SingleSignOn;
import dev.graft.pg.GraftIT;
import dev.graft.tenancy.IdentityProvider;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code graft login --sso}: a server, its provider, and a person who confirms a code. */
@GraftIT
class SingleSignOnIT {
  private static final IdentityProvider PROVIDER = new IdentityProvider();
  private static final String PENDING = "{\"error\": \"authorization_pending\"}";

  @TempDir Path directory;
  @LocalServerPort int port;
  @Autowired Clock clock;
  private final List<String> shown = new ArrayList<>();
  private final List<Duration> pauses = new ArrayList<>();
  private TokenEndpoint tokens; // set before each test

  @DynamicPropertySource
  static void provider(DynamicPropertyRegistry settings) {
    settings.add("graft.oidc.issuer", PROVIDER::issuer);
    settings.add("graft.oidc.audience", () -> "graft");
    settings.add("graft.oidc.sign-in.client-id", () -> "graft-cli");
    settings.add("graft.oidc.groups[0].group", () -> "ml-support");
    settings.add("graft.oidc.groups[0].department", () -> "Support");
  }

  @AfterAll
  static void stop() {
    PROVIDER.close();
  }

  @BeforeEach
  void now() {
    PROVIDER.asked.clear();
    tokens = at(clock.instant());
  }

  private static TokenEndpoint at(Instant instant) {
    return new TokenEndpoint(Clock.fixed(instant, ZoneOffset.UTC), null);
  }

  @Test
  void aConfirmedCodeOpensWhatTheGroupsOfThePersonSay() throws Exception {
    PROVIDER.willAnswer(400, PENDING);
    PROVIDER.willAnswer(400, "{\"error\": \"slow_down\"}");
    PROVIDER.willAnswer(400, PENDING);
    PROVIDER.willAnswer(200, tokens("ml-support", Duration.ofMinutes(5), "r1"));
    Login login = signIn();
    assertThat(shown).containsExactly(PROVIDER.issuer() + "/confirm WDJB-MJHT");
    assertThat(pauses).extracting(Duration::toSeconds).containsExactly(5L, 5L, 10L, 10L);
    assertThat(PROVIDER.asked)
        .hasSize(4)
        .allMatch(form -> form.contains("device_code=dc") && form.contains("client_id=graft-cli"));
    try (GraftApi api = api(login, tokens)) {
      assertThat(api.get("/v1/models").path("data").isArray()).isTrue();
    }
  }

  @Test
  void aTokenIsRenewedBeforeItExpiresAndKept() throws Exception {
    PROVIDER.willAnswer(200, tokens("ml-support", Duration.ofMinutes(5), "r1"));
    Login login = signIn();
    login.keep(directory.resolve("login.json"));
    PROVIDER.willAnswer(200, tokens("ml-support", Duration.ofMinutes(9), "r2"));
    try (GraftApi api = api(login, at(clock.instant().plusSeconds(270)))) {
      api.get("/v1/models");
      api.get("/v1/models");
    }
    assertThat(PROVIDER.asked).hasSize(2).last().asString().contains("refresh_token=r1");
    Login kept = Login.kept(directory.resolve("login.json")).orElseThrow();
    assertThat(kept.requireRenewal().refreshToken()).isEqualTo("r2");
    assertThat(kept.key()).isNotEqualTo(login.key());
  }

  @Test
  void whatAnotherCommandHasRenewedIsTakenInsteadOfAskingTwice() throws Exception {
    PROVIDER.willAnswer(200, tokens("ml-support", Duration.ofMinutes(5), "r1"));
    Login old = signIn();
    PROVIDER.willAnswer(200, tokens("ml-support", Duration.ofMinutes(9), "r2"));
    signIn().keep(directory.resolve("login.json"));
    PROVIDER.asked.clear();
    try (GraftApi api = api(old, at(clock.instant().plusSeconds(270)))) {
      api.get("/v1/models");
    }
    assertThat(PROVIDER.asked).isEmpty();
  }

  @Test
  void whoseSignInIsOverIsToldWhatToDo() throws Exception {
    PROVIDER.willAnswer(200, tokens("ml-support", Duration.ofMinutes(5), "r1"));
    Login login = signIn();
    PROVIDER.willAnswer(400, "{\"error\": \"invalid_grant\"}");
    try (GraftApi api = api(login, at(clock.instant().plusSeconds(3600)))) {
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(() -> api.get("/v1/models"))
          .withMessageContaining("graft login --sso --server " + url());
    }
  }

  @Test
  void aRefusalIsTheProvidersOwnSentence() {
    PROVIDER.willAnswer(
        400, "{\"error\": \"access_denied\", \"error_description\": \"You pressed no\"}");
    assertThatExceptionOfType(IllegalArgumentException.class)
        .isThrownBy(this::signIn)
        .withMessageEndingWith("You pressed no");
  }

  @Test
  void aServerWithoutSignInAndAProviderWithoutTlsAreNamed() {
    SingleSignOn signOn = new SingleSignOn(tokens, pauses::add);
    for (String metadata :
        List.of(
            "{\"resource\": \"https://graft.example\"}",
            "{\"authorization_servers\": [\"http://idp.example\"], \"graft_sign_in\": {}}")) {
      JsonNode of = JsonMapper.shared().readTree(metadata);
      assertThatExceptionOfType(IllegalArgumentException.class)
          .isThrownBy(() -> signOn.signIn("https://graft.example", of, code -> {}))
          .withMessageMatching(".*(graft.example does not offer sign-in|idp.example).*");
    }
    assertThat(PROVIDER.asked).isEmpty();
  }

  private Login signIn() throws Exception {
    SingleSignOn signOn = new SingleSignOn(tokens, pauses::add);
    try (GraftApi api = new GraftApi(URI.create(url()), "")) {
      return signOn.signIn(
          url(),
          api.get("/.well-known/oauth-protected-resource"),
          code -> shown.add(code.getVerificationURI() + " " + code.getUserCode()));
    }
  }

  private GraftApi api(Login login, TokenEndpoint of) {
    Connection.KeptKey key = new Connection.KeptKey(login, directory.resolve("login.json"), of);
    return new GraftApi(URI.create(url()), key, HttpClient.newHttpClient());
  }

  private String tokens(String group, Duration lifetime, String refresh) {
    String id = PROVIDER.signed(PROVIDER.claims(clock.instant().plus(lifetime), group).build());
    return """
    {"id_token": "%s", "access_token": "opaque", "token_type": "Bearer", "expires_in": 60,
     "refresh_token": "%s"}
    """
        .formatted(id, refresh);
  }

  private String url() {
    return "http://127.0.0.1:" + port;
  }
}
