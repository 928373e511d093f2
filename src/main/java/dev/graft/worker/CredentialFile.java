package dev.graft.worker;

import dev.graft.jobs.lease.LeaseWire;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.jspecify.annotations.Nullable;

/**
 * {@code credential.json}, readable by nobody else, which an earlier release reads as well.
 *
 * @param next proposed to the server, and not known to be taken
 */
record CredentialFile(String workerId, String credential, @Nullable String next) {
  static Path of(WorkerProperties settings) {
    return settings.directory().resolve("credential.json").toAbsolutePath();
  }

  static CredentialFile read(Path file) throws IOException {
    return LeaseWire.read(Files.readAllBytes(file), CredentialFile.class);
  }

  CredentialFile proposing(String another) {
    return new CredentialFile(workerId, credential, another);
  }

  /** Whole and on the disk, or as it was: a lost credential cannot be had again. */
  void write(Path file) throws IOException {
    Path directory = Files.createDirectories(file.getParent());
    Path temporary =
        Files.createTempFile(
            directory,
            "credential-",
            ".tmp",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(LeaseWire.write(this));
        while (bytes.hasRemaining()) out.write(bytes);
        out.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    try (FileChannel entry = FileChannel.open(directory)) {
      entry.force(true);
    }
  }
}
