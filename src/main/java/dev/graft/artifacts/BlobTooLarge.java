package dev.graft.artifacts;

import java.io.IOException;

/** The content is longer than allowed; nothing was stored. */
public final class BlobTooLarge extends IOException {
  BlobTooLarge(String message) {
    super(message);
  }
}
