package dev.graft.platform;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A running {@code postgres} process, as its {@code postmaster.pid} tells. */
record Postmaster(long pid, int port) {
  private static final int PID_LINE = 0;
  private static final int PORT_LINE = 3;

  /** The live postmaster of a cluster directory; a stale file of a dead one counts as none. */
  static Optional<Postmaster> of(Path cluster) {
    try {
      List<String> lines = Files.readAllLines(cluster.resolve("postmaster.pid"));
      Postmaster found =
          new Postmaster(
              Long.parseLong(lines.get(PID_LINE).strip()),
              Integer.parseInt(lines.get(PORT_LINE).strip()));
      return ProcessHandle.of(found.pid).filter(Postmaster::isPostgres).map(p -> found);
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  /**
   * After a restart of the machine or container another program may have the number; PostgreSQL
   * itself would refuse to start over it.
   */
  private static boolean isPostgres(ProcessHandle process) {
    return process.isAlive()
        && process.info().command().filter(program -> program.endsWith("/postgres")).isPresent();
  }

  /**
   * SIGINT is PostgreSQL's fast shutdown, SIGQUIT the immediate one; Java itself can only send
   * SIGTERM.
   */
  void stop(Duration patience) {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (process.isEmpty()) return;
    signal("INT");
    if (!ended(process.get(), patience)) {
      signal("QUIT");
      ended(process.get(), patience);
    }
  }

  private void signal(String name) {
    try {
      new ProcessBuilder("kill", "-" + name, Long.toString(pid)).start().waitFor();
    } catch (IOException e) {
      throw new IllegalStateException("cannot signal PostgreSQL", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean ended(ProcessHandle process, Duration patience) {
    try {
      process.onExit().get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } catch (java.util.concurrent.ExecutionException e) {
      return !process.isAlive();
    }
  }
}
