package dev.graft.training;

import org.jspecify.annotations.Nullable;

/**
 * Thrown when a run cannot succeed because of its request, data, checkpoint or base model. Retrying
 * does not help. The message is for the user.
 */
final class BadRun extends RuntimeException {
  private final @Nullable String param;

  public BadRun(@Nullable String param, String message) {
    super(message);
    this.param = param;
  }

  /** Returns the field of the request that is at fault; null if none is. */
  public @Nullable String param() {
    return param;
  }
}
