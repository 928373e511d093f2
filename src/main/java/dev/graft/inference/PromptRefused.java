package dev.graft.inference;

import org.jspecify.annotations.Nullable;

/** The conversation cannot be put to this model; the caller can mend it. */
final class PromptRefused extends RuntimeException {
  private final Reply.Cause cause;
  private final @Nullable String param;

  PromptRefused(Reply.Cause cause, @Nullable String param, String message) {
    super(message);
    this.cause = cause;
    this.param = param;
  }

  Reply.Cause cause() {
    return cause;
  }

  @Nullable String param() {
    return param;
  }
}
