package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A stored blob: its digest and its size in bytes. */
public record BlobRef(Digest sha256, long bytes) {
  /** Returns the digest and size that a file would have as a blob. */
  public static BlobRef of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return of(in);
    }
  }

  /** Reads the stream to its end; returns the digest and size that it would have as a blob. */
  public static BlobRef of(InputStream in) throws IOException {
    return FileArtifactStore.digest(in, Long.MAX_VALUE);
  }
}
