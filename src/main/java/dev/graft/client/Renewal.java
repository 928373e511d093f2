package dev.graft.client;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is got when a kept one expires.
 *
 * @param tokenEndpoint of the identity provider
 * @param token {@code id_token} or {@code access_token}: the one that Graft takes
 * @param refreshToken a secret; null if the provider gave none, so that people sign in again
 * @param expiresAt of the kept token, in unix seconds
 */
record Renewal(
    URI tokenEndpoint,
    String clientId,
    String token,
    @Nullable String refreshToken,
    long expiresAt) {
  /** A request takes a while, and clocks differ. */
  private static final long SECONDS_BEFORE = 60;

  Renewal with(@Nullable String nextRefreshToken, long nextExpiresAt) {
    return new Renewal(tokenEndpoint, clientId, token, nextRefreshToken, nextExpiresAt);
  }

  boolean due(long now) {
    return now > expiresAt - SECONDS_BEFORE;
  }

  @Override
  public String toString() {
    return "a token until " + expiresAt;
  }
}
