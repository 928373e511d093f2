package dev.graft.platform;

import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.http.HttpHeaders;

/** The headers by which SDKs decide whether to retry a failed request. */
final class ErrorHeaders {
  private static final long MILLIS_ROUND_UP = 999;

  private ErrorHeaders() {}

  static Map<String, String> of(RequestFailed problem) {
    Map<String, String> headers = new LinkedHashMap<>(problem.headers());
    problem
        .retryAfter()
        .ifPresent(
            delay -> {
              headers.put("retry-after-ms", Long.toString(delay.toMillis()));
              headers.put(
                  HttpHeaders.RETRY_AFTER,
                  Long.toString(delay.plusMillis(MILLIS_ROUND_UP).toSeconds()));
            });
    // SDKs retry 409 and 429, but waiting does not resolve a quota or conflict without a time.
    if (endures(problem.type()) && problem.retryAfter().isEmpty()) {
      headers.put("x-should-retry", "false");
    }
    if (problem.type() == ProblemType.INVALID_API_KEY) {
      headers.put(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
    }
    return headers;
  }

  private static boolean endures(ProblemType type) {
    return type.status() == 409 || type == ProblemType.QUOTA_EXCEEDED;
  }
}
