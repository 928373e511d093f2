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
 * The embedded PostgreSQL of a data directory, shared by processes: one holds the directory (a file
 * lock, which the kernel drops with its process) and starts and stops PostgreSQL; commands that
 * come meanwhile only connect.
 */
public final class LocalDatabase implements AutoCloseable {
  private static final Duration WAIT = Duration.ofSeconds(60);
  private static final Duration WAIT_FOR_A_COMMAND = Duration.ofSeconds(15);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
  private static final String DATABASE = "postgres";

  /** Of the process that owns the data directory. */
  static final String LOCK = "graft.lock";

  private final EmbeddedPostgres postgres;
  private final @Nullable FileChannel held;

  private LocalDatabase(EmbeddedPostgres postgres, @Nullable FileChannel held) {
    this.postgres = postgres;
    this.held = held;
  }

  /**
   * For a server: holds the directory until closed.
   *
   * @throws MachineLacks if another Graft holds it, or PostgreSQL cannot run here
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
        "another Graft runs on " + dataDir + "; stop it, or choose another --data-dir");
  }

  /** For a command: that of the running server, else started for as long as the command runs. */
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
    throw new MachineLacks("the Graft that runs on " + dataDir + " has no database that answers");
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

  /** Others may pass (PostgreSQL's user has to, under root) but not look. */
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
