package dev.graft.inference.child;

import org.jspecify.annotations.Nullable;

/** The conversation cannot be put to this model; the caller can mend it. */
final class PromptRefused extends RuntimeException {
  private final String code;
  private final @Nullable String param;

  PromptRefused(String code, @Nullable String param, String message) {
    super(message);
    this.code = code;
    this.param = param;
  }

  String code() {
    return code;
  }

  @Nullable String param() {
    return param;
  }
}
