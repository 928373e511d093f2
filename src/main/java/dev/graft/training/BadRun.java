package dev.graft.training;

import org.jspecify.annotations.Nullable;

/**
 * A run that cannot succeed however often it is tried: its request, data, checkpoint or base model
 * is at fault. The message is for the user.
 */
final class BadRun extends RuntimeException {
  private final @Nullable String param;

  public BadRun(@Nullable String param, String message) {
    super(message);
    this.param = param;
  }

  /** The field of the request at fault, where it is one. */
  public @Nullable String param() {
    return param;
  }
}
