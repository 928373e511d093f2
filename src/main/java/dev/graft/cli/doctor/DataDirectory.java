package dev.graft.cli.doctor;

import dev.graft.artifacts.FileArtifactStore;
import dev.graft.cli.doctor.Check.Probe;
import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.platform.Bytes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Checks that Graft may write its data directory and that others may not read it. */
record DataDirectory(Path directory) implements Check {
  /** The files in the data directory that hold secrets. */
  private static final List<String> SECRETS =
      List.of("postgres/password", "worker/credential.json");

  @Override
  public String name() {
    return "data-dir";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    CheckResult writable = writable();
    if (writable.status() != DoctorReport.CheckStatus.OK || !Files.exists(directory))
      return List.of(writable);
    return List.of(writable, permissions());
  }

  private CheckResult writable() {
    Path nearest = Probe.nearest(directory);
    if (!Files.isDirectory(nearest)) {
      return missing(nearest + " is not a directory", "choose another with --data-dir");
    }
    try (Probe probe = Probe.in(directory)) {
      Files.write(probe.directory().resolve("written"), new byte[1]);
    } catch (IOException e) {
      return missing(
          "no permission to write %s (%s)".formatted(nearest, e.getClass().getSimpleName()),
          "run Graft as its owner (" + owner(nearest) + "), or choose another with --data-dir");
    }
    return ok(
        Files.exists(directory) ? directory.toString() : directory + ", which serve will create");
  }

  private static String owner(Path path) {
    try {
      return Files.getOwner(path).getName();
    } catch (IOException | UnsupportedOperationException e) {
      return "unknown";
    }
  }

  private CheckResult permissions() throws IOException {
    Set<PosixFilePermission> found = Files.getPosixFilePermissions(directory);
    String mode = PosixFilePermissions.toString(found);
    if (found.contains(PosixFilePermission.OTHERS_WRITE)) {
      return CheckResult.missing(
          "permissions",
          "other users may write %s (%s)".formatted(directory, mode),
          "chmod 711 " + directory);
    }
    if (found.contains(PosixFilePermission.OTHERS_READ)) {
      return CheckResult.warning(
          "permissions",
          "other users may list %s (%s)".formatted(directory, mode),
          "chmod 711 " + directory);
    }
    Optional<Path> open = secrets().filter(DataDirectory::isOpen).findFirst();
    return open.map(
            secret ->
                CheckResult.warning(
                    "permissions", "other users may read " + secret, "chmod 600 " + secret))
        .orElseGet(
            () -> CheckResult.ok("permissions", "other users have no access (" + mode + ")"));
  }

  private Stream<Path> secrets() {
    return SECRETS.stream().map(directory::resolve).filter(Files::exists);
  }

  private static boolean isOpen(Path secret) {
    try {
      return Files.getPosixFilePermissions(secret).contains(PosixFilePermission.OTHERS_READ);
    } catch (IOException e) {
      return false;
    }
  }

  /**
   * Checks the free space of the data directory's file system.
   *
   * @param needed bytes for the database, a small model and one job
   * @param wanted bytes below which the check warns
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
      if (free >= wanted) return List.of(ok(detail));
      String cure =
          "free some space, or choose another --data-dir; Graft needs at least %s, and %s is recommended"
              .formatted(Bytes.gigabytes(needed), Bytes.gigabytes(wanted));
      return List.of(free >= needed ? warning(detail, cure) : missing(detail, cure));
    }
  }

  /**
   * Checks that the file system of the data directory is persistent and supports atomic renames and
   * hard links, which the artifact store needs.
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
            missing("%s does not support atomic renames or hard links".formatted(type), CURE));
      }
      return List.of(ofType(type));
    }

    private CheckResult ofType(String type) {
      if (VOLATILE.contains(type)) {
        return warning(type + " loses its content when the machine restarts", CURE);
      }
      if (OF_A_CONTAINER.contains(type)) {
        return warning(type + " is removed with the container", "mount a volume at the --data-dir");
      }
      if (REMOTE.contains(type)) {
        return warning(
            type + " is remote, but the embedded PostgreSQL is safe only on a local disk", CURE);
      }
      return ok(type + ", with atomic renames and hard links");
    }
  }

  /** Reports what killed processes left in the data directory. The next start removes it. */
  record Leftovers(Path directory) implements Check {
    private static final List<String> UNFINISHED =
        List.of("postgres/programs.new", "postgres/cluster.new", "postgres/password.new");

    @Override
    public String name() {
      return "leftovers";
    }

    @Override
    public List<CheckResult> findings() throws IOException {
      long unfinished = UNFINISHED.stream().map(directory::resolve).filter(Files::exists).count();
      int abandoned =
          FileArtifactStore.abandoned(directory.resolve("artifacts"))
              + FileArtifactStore.abandoned(directory.resolve("worker"));
      String found =
          unfinished + abandoned == 0
              ? "none"
              : "unfinished set-ups of PostgreSQL: %d, abandoned temporary files: %d; the next start removes them"
                  .formatted(unfinished, abandoned);
      return List.of(ok(found));
    }
  }
}
