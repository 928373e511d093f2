package dev.graft.artifacts;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** An object to be, as a temporary file of this machine. */
record StagedObject(S3ArtifactStore store, Path file, BlobRef ref) implements StagedBlob {
  @Override
  public InputStream open() throws IOException {
    return Files.newInputStream(file);
  }

  @Override
  public BlobRef publish() throws IOException {
    store.publish(this);
    return ref;
  }

  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
