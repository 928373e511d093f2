package dev.graft.datasets;

import java.io.IOException;

/** A file that cannot be read as rows at all; the message is for who uploaded it. */
final class Undecodable extends IOException {
  private static final long serialVersionUID = 1L;

  private final String reason;

  Undecodable(String reason) {
    super(reason);
    this.reason = reason;
  }

  /** Without its subject, which is the file. */
  public String reason() {
    return reason;
  }
}
