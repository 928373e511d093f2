package dev.graft.platform.database;

import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The embedded PostgreSQL of a data directory, shared by processes. One process holds the directory
 * (by a file lock, which ends with the process) and starts and stops PostgreSQL; other commands
 * only connect.
 */
final class LocalDatabase implements AutoCloseable {
  private static final Duration WAIT = Duration.ofSeconds(60);
  private static final Duration WAIT_FOR_A_COMMAND = Duration.ofSeconds(15);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
  private static final String DATABASE = "postgres";

  /** The lock file of the process that holds the data directory. */
  static final String LOCK = "graft.lock";

  private final EmbeddedPostgres postgres;
  private final @Nullable FileChannel held;

  private LocalDatabase(EmbeddedPostgres postgres, @Nullable FileChannel held) {
    this.postgres = postgres;
    this.held = held;
  }

  /**
   * Holds the directory until closed, for a server.
   *
   * @throws MachineLacks if another Graft holds it, or PostgreSQL cannot run on this machine
   */
  public static LocalDatabase own(Path dataDir) {
    long start = System.nanoTime();
    do {
      FileChannel held = tryHold(dataDir);
      if (held != null) {
        return started(dataDir, held);
      }
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    } while (System.nanoTime() - start < WAIT_FOR_A_COMMAND.toNanos());
    throw new MachineLacks(
        "another Graft is running on " + dataDir + "; stop it, or choose another --data-dir");
  }

  /** Connects to the running server's database, else starts it until closed, for a command. */
  static LocalDatabase borrow(Path dataDir) {
    long start = System.nanoTime();
    do {
      FileChannel held = tryHold(dataDir);
      if (held != null) {
        return started(dataDir, held);
      }
      Optional<EmbeddedPostgres> running = EmbeddedPostgres.running(directory(dataDir));
      if (running.isPresent()) {
        return new LocalDatabase(running.get(), null);
      }
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    } while (System.nanoTime() - start < WAIT.toNanos());
    throw new MachineLacks("the database of the Graft running on " + dataDir + " does not answer");
  }

  private static LocalDatabase started(Path dataDir, FileChannel held) {
    try {
      return new LocalDatabase(EmbeddedPostgres.start(directory(dataDir)), held);
    } catch (RuntimeException e) {
      release(held);
      throw e;
    }
  }

  private static Path directory(Path dataDir) {
    return dataDir.resolve("postgres");
  }

  private static @Nullable FileChannel tryHold(Path dataDir) {
    try {
      createPrivately(dataDir);
      FileChannel channel =
          FileChannel.open(
              dataDir.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
        return null;
      }
      return channel;
    } catch (IOException e) {
      throw new MachineLacks(
          "cannot write " + dataDir + " (" + e.getMessage() + "); choose another --data-dir", e);
    }
  }

  /** Creates a directory that others may enter, which PostgreSQL's user needs, but not list. */
  private static void createPrivately(Path dataDir) throws IOException {
    if (Files.notExists(dataDir)) {
      Files.createDirectories(dataDir);
      Files.setPosixFilePermissions(dataDir, PosixFilePermissions.fromString("rwx--x--x"));
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException heldByThisProcess) {
      return null;
    }
  }

  public String url() {
    return postgres.url(DATABASE);
  }

  String user() {
    return postgres.user();
  }

  String password() {
    return postgres.password();
  }

  /** Stops PostgreSQL if this process holds the directory. */
  @Override
  public void close() {
    if (held != null) {
      postgres.close();
      release(held);
    }
  }

  private static void release(FileChannel held) {
    try {
      held.close();
    } catch (IOException e) {
      throw new IllegalStateException("cannot release the data directory", e);
    }
  }
}
