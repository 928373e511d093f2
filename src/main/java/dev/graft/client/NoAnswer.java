package dev.graft.client;

import java.io.IOException;
import java.io.UncheckedIOException;

/** A server did not answer. */
public final class NoAnswer extends UncheckedIOException {
  private final String server;

  NoAnswer(String server, IOException why) {
    super("no answer from " + shown(server) + ": " + why, why);
    this.server = shown(server);
  }

  /** Returns the server's address without user info, which may contain a password. */
  public String server() {
    return server;
  }

  private static String shown(String server) {
    return server.replaceFirst("//[^/]*@", "//");
  }
}
