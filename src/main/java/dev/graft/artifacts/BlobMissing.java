package dev.graft.artifacts;

import java.io.IOException;

/** See {@link ArtifactStore}. */
public final class BlobMissing extends IOException {
  public BlobMissing(String message) {
    super(message);
  }
}
