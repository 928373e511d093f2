package dev.graft.platform;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** Locks that processes hold on files for as long as they live. */
public final class FileLocks {
  private FileLocks() {}

  /**
   * Whether a process holds the lock of a file; false where there is no such file. Asks with a
   * shared lock that is given back at once: who wants the lock in that moment tries again.
   *
   * <p>Not for a file whose lock this very process holds: the kernel would drop it.
   *
   * @throws IOException if the file may not be read
   */
  public static boolean isHeld(Path file) throws IOException {
    if (!Files.exists(file)) return false;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        @Nullable FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
      return lock == null;
    } catch (OverlappingFileLockException heldByThisProcess) {
      return true;
    }
  }
}
