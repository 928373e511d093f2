package dev.graft.client;

import dev.graft.platform.FileTrees;
import dev.graft.platform.Sha256;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/** Downloads files, checks their digests, and unpacks {@code .tar.gz} archives. */
final class Archive {
  private Archive() {}

  public static void requireNew(Path directory) throws IOException {
    if (Files.exists(directory))
      throw new FileAlreadyExistsException(directory + " already exists");
  }

  /** What to do with a downloaded file. */
  public interface Use {
    void of(Path file) throws IOException;
  }

  /** Downloads into a temporary file beside the target, checks its digest and passes it on. */
  public static void fetched(GraftApi api, String path, String sha256, Path target, Use use)
      throws IOException {
    Path parent = Files.createDirectories(target.toAbsolutePath().getParent());
    Path arrived = Files.createTempFile(parent, ".graft-", null);
    try {
      api.download(path, arrived);
      if (!Sha256.of(arrived).equals(sha256)) {
        throw new IOException("the SHA-256 of the downloaded file is wrong; try again");
      }
      use.of(arrived);
    } finally {
      Files.deleteIfExists(arrived);
    }
  }

  /** Unpacks regular files. The directory appears only when it is complete. */
  public static void unpack(Path archive, Path directory) throws IOException {
    Path parent = directory.toAbsolutePath().getParent();
    Path fresh = Files.createTempDirectory(parent, ".graft-");
    try {
      extract(archive, fresh);
      Files.setPosixFilePermissions(
          fresh, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.move(fresh, directory, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      FileTrees.delete(fresh);
    }
  }

  /**
   * Returns whether an entry is a regular file; the library's {@code isFile} is true for links too.
   */
  private static boolean isPlain(TarArchiveEntry entry) {
    byte kind = entry.getLinkFlag();
    return kind == TarConstants.LF_NORMAL || kind == TarConstants.LF_OLDNORM;
  }

  private static void extract(Path archive, Path into) throws IOException {
    try (var tar =
        new TarArchiveInputStream(
            new GZIPInputStream(new BufferedInputStream(Files.newInputStream(archive))))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        if (entry.isDirectory()) continue;
        Path file = into.resolve(entry.getName()).normalize();
        if (!isPlain(entry) || !file.startsWith(into)) {
          throw new IOException(
              "the archive contains an entry that is not allowed: " + entry.getName());
        }
        Files.createDirectories(file.getParent());
        Files.copy(tar, file);
      }
    }
  }
}
