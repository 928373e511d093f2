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
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;

/**
 * Signs people in at the server's identity provider: they confirm a code in any browser (RFC 8628),
 * and the token that comes of it is sent where a key goes.
 */
final class SingleSignOn {
  private final TokenEndpoint tokens;
  private final Consumer<Duration> pause;

  /**
   * @param pause between questions whether the code has been confirmed
   */
  SingleSignOn(TokenEndpoint tokens, Consumer<Duration> pause) {
    this.tokens = tokens;
    this.pause = pause;
  }

  /**
   * @param metadata of the server (RFC 9728)
   * @param ask shows people the address and the code
   * @throws IllegalArgumentException if the server has no such sign-in, or people said no
   */
  Login signIn(String server, JsonNode metadata, Consumer<DeviceAuthorizationSuccessResponse> ask)
      throws IOException {
    JsonNode signIn = metadata.path("graft_sign_in");
    String issuer = metadata.path("authorization_servers").path(0).asString("");
    if (issuer.isEmpty() || !signIn.isObject()) {
      throw new IllegalArgumentException(
          server + " has no sign-in: ask its administrator for a key, or for graft.oidc.sign-in");
    }
    try {
      OIDCProviderMetadata provider =
          OIDCProviderMetadata.resolve(
              new Issuer(TokenEndpoint.secure(URI.create(issuer))), tokens::prepare);
      URI device = provider.getDeviceAuthorizationEndpointURI();
      URI token = provider.getTokenEndpointURI();
      if (device == null || token == null) {
        throw new IllegalArgumentException(issuer + " does not offer the device grant (RFC 8628)");
      }
      Renewal renewal =
          new Renewal(
              TokenEndpoint.secure(token),
              signIn.path("client_id").asString(""),
              signIn.path("token").asString(""),
              null,
              0);
      Scope scope = Scope.parse(signIn.path("scope").asString(""));
      return confirmed(
          Login.signedIn(server, "", renewal), code(device, renewal.clientId(), scope), ask);
    } catch (GeneralException e) {
      throw new IOException(issuer + " is no identity provider: " + e.getMessage(), e);
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

  /** Until people have said yes or no, or the provider that the code's time is over. */
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
