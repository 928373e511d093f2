package dev.graft.platform;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** File locks that processes hold as long as they run. */
public final class FileLocks {
  private FileLocks() {}

  /**
   * Returns whether a process holds the lock of a file; false if the file does not exist. Takes a
   * shared lock for a moment, so a process that wants the lock just then has to retry.
   *
   * <p>Must not be called for a file whose lock this process holds: the kernel would release it.
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
