package dev.graft.artifacts;

import dev.graft.platform.FileLocks;
import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory for the temporary files of one process. Its owner holds a lock on the file {@code
 * <name>.lock} beside it; a directory whose lock is free or missing is abandoned.
 */
public final class Scratch implements AutoCloseable {
  /** Closing any channel of a locked file drops a POSIX lock, so our own are never probed. */
  private static final Set<String> OURS = ConcurrentHashMap.newKeySet();

  private static final String LOCK = ".lock";

  private final Path directory;
  private final Path lockFile;
  private final FileChannel channel;

  private Scratch(Path directory, Path lockFile, FileChannel channel) {
    this.directory = directory;
    this.lockFile = lockFile;
    this.channel = channel;
  }

  /** Removes what dead processes left in {@code parent} and makes a directory for this one. */
  public static Scratch open(Path parent) throws IOException {
    Files.createDirectories(parent);
    sweep(parent);
    while (true) {
      String name = UUID.randomUUID().toString();
      OURS.add(name);
      Path lockFile = parent.resolve(name + LOCK);
      FileChannel channel =
          FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      // Another process may have taken our new file for an orphan before we locked it: try anew.
      if (channel.tryLock() != null && Files.exists(lockFile)) {
        Path directory = Files.createDirectory(parent.resolve(name));
        return new Scratch(directory, lockFile, channel);
      }
      channel.close();
      OURS.remove(name);
    }
  }

  public Path directory() {
    return directory;
  }

  Path newFile() {
    return directory.resolve(UUID.randomUUID().toString());
  }

  private static void sweep(Path parent) throws IOException {
    try (DirectoryStream<Path> locks = Files.newDirectoryStream(parent, "*" + LOCK)) {
      for (Path lockFile : locks) {
        String name = nameOf(lockFile);
        if (!OURS.contains(name)) {
          sweepIfDead(parent.resolve(name), lockFile);
        }
      }
    }
    try (DirectoryStream<Path> all = Files.newDirectoryStream(parent, Files::isDirectory)) {
      for (Path directory : all) {
        if (!Files.exists(directory.resolveSibling(directory.getFileName() + LOCK))) {
          remove(directory);
        }
      }
    }
  }

  /** How many dead processes left something in {@code parent}. */
  static int abandoned(Path parent) throws IOException {
    if (!Files.isDirectory(parent)) return 0;
    int dead = 0;
    try (DirectoryStream<Path> locks = Files.newDirectoryStream(parent, "*" + LOCK)) {
      for (Path lockFile : locks) {
        if (!OURS.contains(nameOf(lockFile)) && !FileLocks.isHeld(lockFile)) dead++;
      }
    } catch (NoSuchFileException swept) {
      return dead;
    }
    return dead;
  }

  private static void sweepIfDead(Path directory, Path lockFile) throws IOException {
    try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.WRITE);
        @Nullable FileLock lock = channel.tryLock()) {
      if (lock != null) {
        remove(directory);
        Files.deleteIfExists(lockFile);
      }
    } catch (NoSuchFileException | OverlappingFileLockException e) {
      return; // someone else swept it, or it is alive
    }
  }

  private static void remove(Path directory) throws IOException {
    try {
      FileTrees.delete(directory);
    } catch (DirectoryNotEmptyException | NoSuchFileException busy) {
      // A child of the dead process still works there, or another one removes it: next time.
    }
  }

  private static String nameOf(Path lockFile) {
    String file = String.valueOf(lockFile.getFileName());
    return file.substring(0, file.length() - LOCK.length());
  }

  @Override
  public void close() throws IOException {
    remove(directory);
    Files.deleteIfExists(lockFile);
    channel.close();
    OURS.remove(nameOf(lockFile));
  }
}
