package dev.graft.artifacts;

import java.io.IOException;

/** The content is not what its digest or size says; nothing was stored. */
public final class BlobMismatch extends IOException {
  public BlobMismatch(String message) {
    super(message);
  }
}
