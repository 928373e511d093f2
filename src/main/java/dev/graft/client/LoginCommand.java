package dev.graft.client;

import com.nimbusds.oauth2.sdk.ErrorObject;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationGrantError;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationRequest;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationResponse;
import com.nimbusds.oauth2.sdk.device.DeviceAuthorizationSuccessResponse;
import com.nimbusds.oauth2.sdk.device.DeviceCodeGrant;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** {@code graft login}: stores a server's address and key for other commands. */
@Command(
    name = "login",
    mixinStandardHelpOptions = true,
    description =
        "Store a server's address and key for the other commands. Prompts for the key, or reads it"
            + " from standard input; with --sso, signs in with the server's identity provider"
            + " instead.")
public final class LoginCommand implements Callable<Integer> {
  private static final int FORBIDDEN = 403;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--server",
      paramLabel = "URL",
      defaultValue = "http://127.0.0.1:8080",
      description = "The server's address (${DEFAULT-VALUE}).")
  private String server = "";

  @Option(names = "--sso", description = "Sign in with the server's identity provider.")
  private boolean sso;

  @Override
  public Integer call() throws IOException {
    Map<String, String> environment = System.getenv();
    Path file = Connection.file(environment);
    Login login = sso ? signIn(environment) : Login.withKey(server, key());
    try (GraftApi api = Connection.open(login, file, environment)) {
      String models = models(api);
      login.keep(file);
      spec.commandLine()
          .getOut()
          .println("Signed in to %s%s. The login is stored in %s.".formatted(server, models, file));
      spec.commandLine().getOut().flush();
    }
    return 0;
  }

  /** Returns the number of models, or nothing if the key is valid but may not list models. */
  private static String models(GraftApi api) {
    try {
      return "; models available: %d".formatted(api.get("/v1/models").path("data").size());
    } catch (ApiRefused refused) {
      if (refused.status() != FORBIDDEN) throw refused;
      return "";
    }
  }

  private Login signIn(Map<String, String> environment) throws IOException {
    var http =
        Connection.open(Login.withKey(server, ""), Connection.file(environment), environment);
    try (GraftApi api = http) {
      SingleSignOn signOn =
          new SingleSignOn(
              Connection.providerTokens(environment),
              pause -> LockSupport.parkNanos(pause.toNanos()));
      return signOn.signIn(
          server, api.get("/.well-known/oauth-protected-resource"), this::askToConfirm);
    }
  }

  private void askToConfirm(DeviceAuthorizationSuccessResponse code) {
    URI complete = code.getVerificationURIComplete();
    var err = spec.commandLine().getErr();
    err.println("Open " + code.getVerificationURI() + " and enter " + code.getUserCode());
    if (complete != null) err.println("or open " + complete);
    err.flush();
  }

  private static String key() throws IOException {
    var console = System.console();
    if (console != null && console.isTerminal()) {
      char[] typed = console.readPassword("API key: ");
      return typed == null ? "" : new String(typed).strip();
    }
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    String line = input.readLine();
    if (line == null || line.isBlank()) {
      throw new IllegalArgumentException("no key on standard input");
    }
    return line.strip();
  }

  /**
   * Signs in with the server's identity provider: the user confirms a code in any browser (RFC
   * 8628), and the resulting token is used like a key.
   */
  static final class SingleSignOn {
    private final TokenEndpoint tokens;
    private final Consumer<Duration> pause;

    /**
     * @param pause waits between polls for the confirmation
     */
    SingleSignOn(TokenEndpoint tokens, Consumer<Duration> pause) {
      this.tokens = tokens;
      this.pause = pause;
    }

    /**
     * @param metadata the server's metadata (RFC 9728)
     * @param ask shows the user the address and the code
     * @throws IllegalArgumentException if the server does not offer this sign-in, or the user
     *     declines
     */
    Login signIn(String server, JsonNode metadata, Consumer<DeviceAuthorizationSuccessResponse> ask)
        throws IOException {
      JsonNode signIn = metadata.path("graft_sign_in");
      String issuer = metadata.path("authorization_servers").path(0).asString("");
      if (issuer.isEmpty() || !signIn.isObject()) {
        throw new IllegalArgumentException(
            server
                + " does not offer sign-in: ask its administrator for a key, or to set"
                + " graft.oidc.sign-in");
      }
      try {
        OIDCProviderMetadata provider =
            OIDCProviderMetadata.resolve(
                new Issuer(TokenEndpoint.secure(URI.create(issuer))), tokens::prepare);
        URI device = provider.getDeviceAuthorizationEndpointURI();
        URI token = provider.getTokenEndpointURI();
        if (device == null || token == null) {
          throw new IllegalArgumentException(
              issuer + " does not support the device grant (RFC 8628)");
        }
        Login.Renewal renewal =
            new Login.Renewal(
                TokenEndpoint.secure(token),
                signIn.path("client_id").asString(""),
                signIn.path("token").asString(""),
                null,
                0);
        Scope scope = Scope.parse(signIn.path("scope").asString(""));
        return confirmed(
            Login.signedIn(server, "", renewal), code(device, renewal.clientId(), scope), ask);
      } catch (GeneralException e) {
        throw new IOException(issuer + " is not a usable identity provider: " + e.getMessage(), e);
      }
    }

    private DeviceAuthorizationSuccessResponse code(URI device, String client, Scope scope)
        throws IOException, ParseException {
      var request =
          new DeviceAuthorizationRequest(TokenEndpoint.secure(device), new ClientID(client), scope);
      var answer = DeviceAuthorizationResponse.parse(tokens.send(request.toHTTPRequest()));
      if (answer.indicatesSuccess()) return answer.toSuccessResponse();
      throw TokenEndpoint.refused(answer.toErrorResponse().getErrorObject());
    }

    /** Polls until the user confirms or declines, or the code expires. */
    private Login confirmed(
        Login login,
        DeviceAuthorizationSuccessResponse code,
        Consumer<DeviceAuthorizationSuccessResponse> ask)
        throws IOException, ParseException {
      ask.accept(code);
      Duration interval = Duration.ofSeconds(Math.max(1, code.getInterval()));
      while (true) {
        pause.accept(interval);
        TokenResponse response = tokens.ask(login, new DeviceCodeGrant(code.getDeviceCode()));
        if (response.indicatesSuccess()) return tokens.login(login, response);
        ErrorObject error = response.toErrorResponse().getErrorObject();
        if (DeviceAuthorizationGrantError.SLOW_DOWN.equals(error)) {
          interval = interval.plusSeconds(5);
        } else if (!DeviceAuthorizationGrantError.AUTHORIZATION_PENDING.equals(error)) {
          throw TokenEndpoint.refused(error);
        }
      }
    }
  }
}
