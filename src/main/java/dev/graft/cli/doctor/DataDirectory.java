package dev.graft.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Whether Graft may write its data directory, and others may not read it. */
record DataDirectory(Path directory) implements Check {
  /** In it, beside the database and the artifacts. */
  private static final List<String> SECRETS =
      List.of("postgres/password", "worker/credential.json");

  @Override
  public String name() {
    return "data-dir";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    CheckResult writable = writable();
    if (writable.status() != CheckStatus.OK || !Files.exists(directory)) return List.of(writable);
    return List.of(writable, permissions());
  }

  private CheckResult writable() {
    Path nearest = Probe.nearest(directory);
    if (!Files.isDirectory(nearest)) {
      return CheckResult.missing(
          name(), nearest + " is not a directory", "choose another with --data-dir");
    }
    try (Probe probe = Probe.in(directory)) {
      Files.write(probe.directory().resolve("written"), new byte[1]);
    } catch (IOException e) {
      return CheckResult.missing(
          name(),
          "%s may not be written (%s)".formatted(nearest, e.getClass().getSimpleName()),
          "run Graft as its owner, " + owner(nearest) + ", or choose another with --data-dir");
    }
    return CheckResult.ok(
        name(),
        Files.exists(directory) ? directory.toString() : directory + ", which serve will make");
  }

  private static String owner(Path path) {
    try {
      return Files.getOwner(path).getName();
    } catch (IOException | UnsupportedOperationException e) {
      return "whoever that is";
    }
  }

  private CheckResult permissions() throws IOException {
    Set<PosixFilePermission> found = Files.getPosixFilePermissions(directory);
    String mode = PosixFilePermissions.toString(found);
    if (found.contains(PosixFilePermission.OTHERS_WRITE)) {
      return CheckResult.missing(
          "permissions",
          "others may write %s (%s)".formatted(directory, mode),
          "chmod 711 " + directory);
    }
    if (found.contains(PosixFilePermission.OTHERS_READ)) {
      return CheckResult.warning(
          "permissions",
          "others may list %s (%s)".formatted(directory, mode),
          "chmod 711 " + directory);
    }
    Optional<Path> open = secrets().filter(DataDirectory::isOpen).findFirst();
    return open.map(
            secret ->
                CheckResult.warning(
                    "permissions", "others may read " + secret, "chmod 600 " + secret))
        .orElseGet(
            () -> CheckResult.ok("permissions", "others may not look into it (" + mode + ")"));
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
}
