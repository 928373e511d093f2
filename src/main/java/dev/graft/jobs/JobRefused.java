package dev.graft.jobs;

import org.jspecify.annotations.Nullable;

/**
 * A request about a job that cannot be granted; nothing has changed.
 *
 * @see #param the field of the request it is about
 */
final class JobRefused extends RuntimeException {
  private final @Nullable String param;
  private final String code;
  private final String reason;

  JobRefused(@Nullable String param, String code, String reason) {
    super(reason);
    this.param = param;
    this.code = code;
    this.reason = reason;
  }

  @Nullable String param() {
    return param;
  }

  String code() {
    return code;
  }

  String reason() {
    return reason;
  }
}
