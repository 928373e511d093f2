package dev.graft.cli.doctor;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** One check of the machine. Checks change nothing. */
interface Check {
  /** Returns the findings in the order to print them; none if the check does not apply. */
  List<CheckResult> findings() throws IOException;

  /** Returns the name of its first finding. */
  String name();

  default CheckResult ok(String detail) {
    return CheckResult.ok(name(), detail);
  }

  default CheckResult warning(String detail, String cure) {
    return CheckResult.warning(name(), detail, cure);
  }

  default CheckResult missing(String detail, String cure) {
    return CheckResult.missing(name(), detail, cure);
  }

  /**
   * A temporary directory in which a check tries something, on the file system of the data
   * directory. Closing it removes it.
   */
  record Probe(Path directory) implements AutoCloseable {
    static Probe in(Path dataDir) throws IOException {
      return new Probe(Files.createTempDirectory(nearest(dataDir), ".graft-doctor-"));
    }

    /** Returns the directory itself, or its nearest parent that exists. */
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
