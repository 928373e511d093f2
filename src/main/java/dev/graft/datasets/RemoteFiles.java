package dev.graft.datasets;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The files of a source as they were looked at, in the order of their names. */
interface RemoteFiles extends AutoCloseable {
  /** Hears how much of them is here; may throw to end it. */
  @FunctionalInterface
  interface Progress {
    void at(long bytes);
  }

  /** Pinned, where that can be written. */
  String source();

  List<String> names();

  /** Of all of them. */
  long bytes();

  /**
   * Brings them. May be called again with the same directory after whatever happened.
   *
   * @return where they are, in the same order
   */
  List<Path> bring(Path directory, Progress progress) throws IOException;

  @Override
  void close();
}
