package dev.graft.client;

import org.jspecify.annotations.Nullable;

/** The server answered with a status other than 2xx. */
public final class ApiRefused extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;

  ApiRefused(int status, String sentence, @Nullable String requestId) {
    super(sentence + " (HTTP " + status + (requestId == null ? "" : ", " + requestId) + ")");
    this.status = status;
  }

  /** Returns the HTTP status. */
  public int status() {
    return status;
  }
}
