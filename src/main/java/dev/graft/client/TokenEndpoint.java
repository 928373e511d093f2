package dev.graft.client;

import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.AuthorizationGrant;
import com.nimbusds.oauth2.sdk.ErrorObject;
import com.nimbusds.oauth2.sdk.OAuth2Error;
import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.RefreshTokenGrant;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.http.HTTPResponse;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.token.RefreshToken;
import com.nimbusds.oauth2.sdk.token.Tokens;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import dev.graft.client.Login.Renewal;
import java.io.IOException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Date;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;

/** The token endpoint of an identity provider (RFC 6749, OpenID Connect Core). */
final class TokenEndpoint {
  private static final int PATIENCE_MS = (int) Duration.ofSeconds(10).toMillis();

  private final Clock clock;
  private final @Nullable SSLSocketFactory trusted;

  /**
   * @param trusted makes TLS connections with the trusted authorities; null = Java's
   */
  TokenEndpoint(Clock clock, @Nullable SSLSocketFactory trusted) {
    this.clock = clock;
    this.trusted = trusted;
  }

  /** Returns whether the token should be renewed. */
  boolean due(Login login) {
    Renewal renewal = login.renewal();
    return renewal != null && renewal.due(clock.instant().getEpochSecond());
  }

  /**
   * Returns the login with a new token.
   *
   * @throws IllegalArgumentException if the user has to sign in again
   */
  Login renewed(Login old) throws IOException {
    Renewal renewal = old.renewal();
    String refresh = renewal == null ? null : renewal.refreshToken();
    if (refresh == null) throw over(old);
    try {
      TokenResponse response = ask(old, new RefreshTokenGrant(new RefreshToken(refresh)));
      if (response.indicatesSuccess()) return login(old, response);
      ErrorObject error = response.toErrorResponse().getErrorObject();
      throw OAuth2Error.INVALID_GRANT.equals(error) ? over(old) : refused(error);
    } catch (ParseException e) {
      throw new IOException("the identity provider's answer is not valid: " + e.getMessage(), e);
    }
  }

  TokenResponse ask(Login login, AuthorizationGrant grant) throws IOException, ParseException {
    Renewal renewal = login.requireRenewal();
    ClientID client = new ClientID(renewal.clientId());
    TokenRequest request = new TokenRequest(renewal.tokenEndpoint(), client, grant);
    return OIDCTokenResponseParser.parse(send(request.toHTTPRequest()));
  }

  /**
   * Returns the login with the tokens of an answer; the refresh token is kept if there is no new
   * one.
   */
  Login login(Login old, TokenResponse response) throws ParseException {
    Renewal renewal = old.requireRenewal();
    Tokens tokens = response.toSuccessResponse().getTokens();
    RefreshToken next = tokens.getRefreshToken();
    String refresh = next == null ? renewal.refreshToken() : next.getValue();
    if (renewal.token().equals("access_token")) {
      long expiresAt = clock.instant().getEpochSecond() + tokens.getAccessToken().getLifetime();
      return Login.signedIn(
          old.server(), tokens.getAccessToken().getValue(), renewal.with(refresh, expiresAt));
    }
    JWT id = tokens instanceof OIDCTokens both ? both.getIDToken() : null;
    if (id == null)
      throw new ParseException("it has no id_token; check that the scope includes openid");
    return Login.signedIn(old.server(), id.serialize(), renewal.with(refresh, expiry(id)));
  }

  private static long expiry(JWT token) throws ParseException {
    try {
      Date expiry = token.getJWTClaimsSet().getExpirationTime();
      if (expiry != null) return expiry.toInstant().getEpochSecond();
    } catch (java.text.ParseException e) {
      throw new ParseException("its id_token cannot be read", e);
    }
    throw new ParseException("its id_token has no exp");
  }

  HTTPResponse send(HTTPRequest request) throws IOException {
    prepare(request);
    return request.send();
  }

  void prepare(HTTPRequest request) {
    request.setConnectTimeout(PATIENCE_MS);
    request.setReadTimeout(PATIENCE_MS);
    request.setFollowRedirects(false);
    if (trusted != null) request.setSSLSocketFactory(trusted);
  }

  /** Requires https, except on this machine. */
  static URI secure(URI address) {
    String host = address.getHost();
    boolean here = "127.0.0.1".equals(host) || "localhost".equals(host);
    if ("https".equals(address.getScheme()) || here) return address;
    throw new IllegalArgumentException("the identity provider must use https: " + address);
  }

  private static IllegalArgumentException over(Login login) {
    return new IllegalArgumentException(
        "the sign-in for %s has expired: run graft login --sso --server %1$s"
            .formatted(login.server()));
  }

  static IllegalArgumentException refused(ErrorObject error) {
    String why = error.getDescription() == null ? error.getCode() : error.getDescription();
    return new IllegalArgumentException("the identity provider refused the sign-in: " + why);
  }
}
