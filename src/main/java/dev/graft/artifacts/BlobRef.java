package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** A stored blob: its digest and its size in bytes. */
public record BlobRef(Digest sha256, long bytes) {
  /** What a file would be as a blob. */
  public static BlobRef of(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return FileArtifactStore.digest(in, Long.MAX_VALUE);
    }
  }
}
