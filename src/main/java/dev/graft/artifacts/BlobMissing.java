package dev.graft.artifacts;

import java.io.IOException;

/** The store has no blob of this digest. */
public final class BlobMissing extends IOException {
  public BlobMissing(String message) {
    super(message);
  }
}
