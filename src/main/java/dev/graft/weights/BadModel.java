package dev.graft.weights;

import org.jspecify.annotations.Nullable;

/**
 * A model or adapter directory cannot be used. The message names the file, what was found and what
 * was expected, but no path outside the directory.
 */
public final class BadModel extends RuntimeException {
  public BadModel(String message) {
    super(message);
  }

  public BadModel(String message, @Nullable Throwable cause) {
    super(message, cause);
  }
}
