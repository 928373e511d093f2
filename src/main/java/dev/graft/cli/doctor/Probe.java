package dev.graft.cli.doctor;

import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A directory to try something in, removed again. It lies where the data directory is, or will be
 * made.
 */
record Probe(Path directory) implements AutoCloseable {
  static Probe in(Path dataDir) throws IOException {
    return new Probe(Files.createTempDirectory(nearest(dataDir), ".graft-doctor-"));
  }

  /** The directory itself, or the first above it that is there. */
  static Path nearest(Path dataDir) {
    Path there = dataDir.toAbsolutePath();
    while (!Files.exists(there) && there.getParent() != null) there = there.getParent();
    return there;
  }

  @Override
  public void close() throws IOException {
    FileTrees.delete(directory);
  }
}
