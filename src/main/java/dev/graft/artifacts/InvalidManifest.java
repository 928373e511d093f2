package dev.graft.artifacts;

/** A manifest that cannot be trusted as a directory: the message says which entry, and why. */
public final class InvalidManifest extends RuntimeException {
  InvalidManifest(String message) {
    super(message);
  }
}
