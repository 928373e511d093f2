package dev.graft.client;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.function.Supplier;

/** The key of a login; a token is renewed, and kept, shortly before it expires. */
final class KeptKey implements Supplier<String> {
  private final TokenEndpoint tokens;
  private final Path file;
  private Login login;

  KeptKey(Login login, Path file, TokenEndpoint tokens) {
    this.login = login;
    this.file = file;
    this.tokens = tokens;
  }

  @Override
  public synchronized String get() {
    try {
      if (tokens.due(login)) {
        // Another command may have done it: providers take a refresh token once.
        String server = login.server();
        login = Login.kept(file).filter(kept -> kept.server().equals(server)).orElse(login);
      }
      if (tokens.due(login)) {
        login = tokens.renewed(login);
        login.keep(file);
      }
      return login.key();
    } catch (IOException e) {
      throw new UncheckedIOException("the identity provider does not answer: " + e.getMessage(), e);
    }
  }
}
