package dev.graft.catalog;

/** A base model cannot be registered as asked; the message says why and names no path. */
public final class ModelRefused extends RuntimeException {
  public ModelRefused(String message) {
    super(message);
  }

  ModelRefused(String message, Throwable cause) {
    super(message, cause);
  }
}
