package dev.graft.cli.doctor;

import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Looks at one thing without changing it. */
interface Check {
  /** One finding or more, in the order in which they are told; none if it does not apply. */
  List<DoctorReport.CheckResult> findings() throws IOException;

  /** What its first finding is called. */
  String name();

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
}
