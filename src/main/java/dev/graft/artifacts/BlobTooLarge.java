package dev.graft.artifacts;

import java.io.IOException;

/** See {@link ArtifactStore}. */
public final class BlobTooLarge extends IOException {
  public BlobTooLarge(String message) {
    super(message);
  }
}
