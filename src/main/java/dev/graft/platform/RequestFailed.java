package dev.graft.platform;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * A request that fails, which the caller receives as an OpenAI error. The message is for API users:
 * it describes the problem and the fix, and never contains SQL, server paths or another
 * department's ids. Modules extend it for their own failures.
 */
public class RequestFailed extends RuntimeException {
  private static final long serialVersionUID = 1L;
  private static final long MILLIS_ROUND_UP = 999;

  private final ProblemType type;
  private final @Nullable String param;
  private final transient List<ErrorDetail> findings;
  private final transient Map<String, String> headers = new LinkedHashMap<>();
  private @Nullable Duration retryAfter;
  private @Nullable String about;

  public RequestFailed(ProblemType type, String message) {
    this(type, message, null, List.of());
  }

  /**
   * @param param the JSON path of the wrong request field, such as {@code adapter.peft.r}
   */
  public RequestFailed(ProblemType type, String message, @Nullable String param) {
    this(type, message, param, List.of());
  }

  public RequestFailed(
      ProblemType type, String message, @Nullable String param, List<ErrorDetail> findings) {
    super(message);
    this.type = type;
    this.param = param;
    this.findings = List.copyOf(findings);
  }

  /** Asks the client to retry after this time; without it, a 409 asks the client not to retry. */
  public RequestFailed retryAfter(Duration delay) {
    this.retryAfter = delay;
    return this;
  }

  /** Adds a header to the answer, such as {@code Content-Range}. */
  public RequestFailed header(String name, String value) {
    headers.put(name, value);
    return this;
  }

  /**
   * Records the id that was not found, so that attempts to access other departments' objects are
   * audited.
   */
  public RequestFailed about(String id) {
    this.about = id;
    return this;
  }

  /** Returns the error for an object that does not exist or belongs to another department. */
  public static RequestFailed notFound(String what, String id) {
    return new RequestFailed(ProblemType.NOT_FOUND, "No such " + what + ": " + id, "id").about(id);
  }

  /** Returns a required parameter's value, or throws if it is missing. */
  public static <T> T required(@Nullable T value, String param) {
    if (value != null) return value;
    throw new RequestFailed(
        ProblemType.MISSING_PARAMETER, "Missing required parameter: '" + param + "'.", param);
  }

  public static RequestFailed invalid(String param, String message) {
    return new RequestFailed(ProblemType.INVALID_VALUE, message, param);
  }

  public ProblemType type() {
    return type;
  }

  public @Nullable String param() {
    return param;
  }

  List<ErrorDetail> findings() {
    return findings;
  }

  /** Returns the headers of the answer, by which SDKs decide whether to retry the request. */
  Map<String, String> headers() {
    Map<String, String> all = new LinkedHashMap<>(headers);
    if (retryAfter != null) {
      all.put("retry-after-ms", Long.toString(retryAfter.toMillis()));
      all.put(
          HttpHeaders.RETRY_AFTER,
          Long.toString(retryAfter.plusMillis(MILLIS_ROUND_UP).toSeconds()));
    } else if (type.status() == 409 || type == ProblemType.QUOTA_EXCEEDED) {
      // SDKs retry 409 and 429, but waiting does not resolve a quota or conflict without a time.
      all.put("x-should-retry", "false");
    }
    if (type == ProblemType.INVALID_API_KEY) all.put(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
    return all;
  }

  /** See {@link #about(String)}. */
  @Nullable String about() {
    return about;
  }

  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  @Override
  public String getMessage() {
    return String.valueOf(super.getMessage());
  }
}
