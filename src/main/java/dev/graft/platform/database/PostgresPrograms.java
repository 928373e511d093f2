package dev.graft.platform.database;

import dev.graft.platform.FileTrees;
import dev.graft.platform.MachineLacks;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * Unpacks PostgreSQL's programs out of the jar; only the binaries of that artifact are used, not
 * its launcher.
 */
final class PostgresPrograms {
  private static final String ARCHIVE = "/postgres-linux-x86_64.txz";

  /** The same beside the jar, left by {@code bin/make-aot-cache}: seconds faster to unpack. */
  private static final String UNPACKED = "postgres.tar";

  private PostgresPrograms() {}

  /** Whether there are programs for this machine. */
  static boolean bundled() {
    return PostgresPrograms.class.getResource(ARCHIVE) != null
        && System.getProperty("os.arch").equals("amd64");
  }

  /** Into {@code target}, by way of a temporary name: it is whole or absent. */
  static void unpack(Path target) throws IOException {
    if (Files.isDirectory(target)) return;
    Path fresh = target.resolveSibling(target.getFileName() + ".new");
    FileTrees.delete(fresh);
    if (!bundled()) {
      throw new MachineLacks(
          "Graft brings PostgreSQL for linux-x86_64 only. Configure one with"
              + " spring.datasource.url, or run the container image");
    }
    Path unpacked = Path.of(System.getProperty("java.class.path")).resolveSibling(UNPACKED);
    if (Files.isRegularFile(unpacked)) {
      extract(Files.newInputStream(unpacked), fresh);
    } else {
      InputStream archive =
          Objects.requireNonNull(PostgresPrograms.class.getResourceAsStream(ARCHIVE));
      extract(new XZCompressorInputStream(archive), fresh);
    }
    Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void extract(InputStream archive, Path root) throws IOException {
    try (TarArchiveInputStream tar = new TarArchiveInputStream(new BufferedInputStream(archive))) {
      extract(tar, root);
    }
  }

  private static void extract(TarArchiveInputStream tar, Path root) throws IOException {
    Files.createDirectories(root);
    for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
      Path path = root.resolve(entry.getName()).normalize();
      if (!path.startsWith(root)) throw new IOException("unsafe path in archive");
      if (entry.isDirectory()) {
        Files.createDirectories(path);
      } else if (entry.isSymbolicLink()) {
        Files.createDirectories(path.getParent());
        Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
      } else {
        Files.createDirectories(path.getParent());
        Files.copy(tar, path);
        boolean program = (entry.getMode() & 0111) != 0;
        Files.setPosixFilePermissions(
            path, PosixFilePermissions.fromString(program ? "rwxr-xr-x" : "rw-r--r--"));
      }
    }
  }
}
