package dev.graft.client;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server and its key.
 *
 * @param server the server's address, with or without {@code /v1}
 * @param key a key, or a token of the server's identity provider; never printed
 * @param renewal how to renew the token; null for a key
 */
record Login(String server, String key, @Nullable Renewal renewal) {
  private static final JsonMapper JSON = JsonMapper.shared();

  static Login withKey(String server, String key) {
    return new Login(server, key, null);
  }

  static Login signedIn(String server, String token, Renewal renewal) {
    return new Login(server, token, renewal);
  }

  Renewal requireRenewal() {
    if (renewal != null) return renewal;
    throw new IllegalStateException("a key cannot be renewed");
  }

  /** Returns the stored login, if there is one. */
  static Optional<Login> kept(Path file) throws IOException {
    if (!Files.exists(file)) return Optional.empty();
    try {
      return Optional.of(JSON.readValue(Files.readString(file), Login.class));
    } catch (JacksonException e) {
      throw new IOException(file + " is damaged; run graft login again", e);
    }
  }

  /** Stores the login in a file that only this user can read. */
  void keep(Path file) throws IOException {
    Path directory = Files.createDirectories(file.toAbsolutePath().getParent());
    var mine = PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    Path fresh = Files.createTempFile(directory, "login", ".json", mine);
    Files.writeString(fresh, JSON.writeValueAsString(this));
    Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public String toString() {
    return "a key for " + server;
  }

  /**
   * How to get the next token when a stored one expires.
   *
   * @param tokenEndpoint the identity provider's token endpoint
   * @param token {@code id_token} or {@code access_token}, whichever Graft accepts
   * @param refreshToken a secret; null if the provider gave none, so that the user has to sign in
   *     again
   * @param expiresAt when the stored token expires, in unix seconds
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
}
