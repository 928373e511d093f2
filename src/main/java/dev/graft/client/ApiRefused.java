package dev.graft.client;

import org.jspecify.annotations.Nullable;

/** An answer of the server other than 2xx. */
public final class ApiRefused extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final int status;

  ApiRefused(int status, String sentence, @Nullable String requestId) {
    super(sentence + " (HTTP " + status + (requestId == null ? "" : ", " + requestId) + ")");
    this.status = status;
  }

  /** The HTTP status: 4xx is about the request, 5xx about the server. */
  public int status() {
    return status;
  }
}
