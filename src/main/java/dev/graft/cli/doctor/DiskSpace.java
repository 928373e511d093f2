package dev.graft.cli.doctor;

import dev.graft.platform.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What is free where the data directory is, or will be made.
 *
 * @param needed for the database, a small model and one job, in bytes
 * @param wanted before it gets tight, in bytes
 */
record DiskSpace(Path directory, long needed, long wanted) implements Check {
  @Override
  public String name() {
    return "disk-space";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    long free = Files.getFileStore(Probe.nearest(directory)).getUsableSpace();
    String detail = Bytes.gigabytes(free) + " free";
    if (free >= wanted) return List.of(CheckResult.ok(name(), detail));
    String cure =
        "free some, or choose another --data-dir; Graft needs %s and wants %s"
            .formatted(Bytes.gigabytes(needed), Bytes.gigabytes(wanted));
    return List.of(
        free >= needed
            ? CheckResult.warning(name(), detail, cure)
            : CheckResult.missing(name(), detail, cure));
  }
}
