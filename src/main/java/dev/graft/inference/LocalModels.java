package dev.graft.inference;

import dev.graft.artifacts.Digest;
import java.io.IOException;
import java.nio.file.Path;

/** The files of models as directories that a child process can read. */
interface LocalModels {
  /** Returns the directory of a manifest, which stays until it is closed. */
  Held hold(Digest manifest) throws IOException;

  /** Removes directories that have been unused for a while. */
  void prune();

  /**
   * @param release called once
   */
  record Held(Path path, Runnable release) implements AutoCloseable {
    @Override
    public void close() {
      release.run();
    }
  }
}
