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

  /** Its address, without a password that was written into it. */
  public String server() {
    return server;
  }

  private static String shown(String server) {
    return server.replaceFirst("//[^/]*@", "//");
  }
}
