package dev.graft.artifacts;

import java.io.IOException;

/** The content does not match its digest or size; nothing was stored. */
public final class BlobMismatch extends IOException {
  public BlobMismatch(String message) {
    super(message);
  }
}
