package dev.graft.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;

/**
 * Whether the file system of the data directory keeps what it is given, renames at once and makes
 * hard links: a blob appears by the one and is published by the other.
 */
record FileSystem(Path directory) implements Check {
  private static final String CURE = "choose a --data-dir on a local disk, such as ext4 or xfs";
  private static final Set<String> VOLATILE = Set.of("tmpfs", "ramfs");
  private static final Set<String> OF_A_CONTAINER = Set.of("overlay", "aufs");
  private static final Set<String> REMOTE =
      Set.of("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "fuse.sshfs");

  @Override
  public String name() {
    return "file-system";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    String type = Files.getFileStore(Probe.nearest(directory)).type();
    try (Probe probe = Probe.in(directory)) {
      Path written = Files.write(probe.directory().resolve("written"), new byte[1]);
      Path renamed = probe.directory().resolve("renamed");
      Files.move(written, renamed, StandardCopyOption.ATOMIC_MOVE);
      Files.createLink(probe.directory().resolve("linked"), renamed);
    } catch (IOException | UnsupportedOperationException e) {
      return List.of(
          CheckResult.missing(
              name(), "%s does not rename at once or has no hard links".formatted(type), CURE));
    }
    return List.of(ofType(type));
  }

  private CheckResult ofType(String type) {
    if (VOLATILE.contains(type)) {
      return CheckResult.warning(name(), type + " is empty after a restart of the machine", CURE);
    }
    if (OF_A_CONTAINER.contains(type)) {
      return CheckResult.warning(
          name(), type + " goes with the container", "mount a volume at the --data-dir");
    }
    if (REMOTE.contains(type)) {
      return CheckResult.warning(
          name(),
          type + " is remote, and the embedded PostgreSQL is safe on a local disk only",
          CURE);
    }
    return CheckResult.ok(name(), type + ", renames at once and makes hard links");
  }
}
