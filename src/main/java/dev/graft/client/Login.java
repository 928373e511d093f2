package dev.graft.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * A server and the key for it.
 *
 * @param server the server's address, with or without {@code /v1}
 * @param key a secret, never printed: a key, or a token of the server's identity provider
 * @param renewal of the token; null with a key
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
    throw new IllegalStateException("a key is not renewed");
  }

  /** What {@code graft login} has kept, if anything. */
  static Optional<Login> kept(Path file) throws IOException {
    if (!Files.exists(file)) return Optional.empty();
    try {
      return Optional.of(JSON.readValue(Files.readString(file), Login.class));
    } catch (JacksonException e) {
      throw new IOException(file + " is not what graft login writes; run graft login again", e);
    }
  }

  /** Keeps it for the commands to come, readable for this user alone. */
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
}
