package dev.graft.client;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * How to get the next token when a stored one expires. @@param tokenEndpoint the identity
 * provider's token endpoint @@param token {@code id_token} or {@code access_token}, whichever Graft
 * accepts @@param refreshToken a secret; null if the provider gave none, so that the user has to
 * sign in again @@param expiresAt when the stored token expires, in unix seconds
 */
record Renewal(
    URI tokenEndpoint,
    String clientId,
    String token,
    @Nullable String refreshToken,
    long expiresAt) {
  /** Allows for the duration of a request and differences between clocks. */
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
