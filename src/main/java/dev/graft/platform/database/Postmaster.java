package dev.graft.platform.database;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A running {@code postgres} process, read from its {@code postmaster.pid}. */
record Postmaster(long pid, int port) {
  private static final String FILE = "postmaster.pid";
  private static final int PID_LINE = 0;
  private static final int PORT_LINE = 3;
  private static final Duration ORPHAN = Duration.ofSeconds(10);

  /** Returns the running postmaster of a cluster, ignoring a stale file. */
  static Optional<Postmaster> of(Path cluster) {
    return read(cluster)
        .filter(found -> ProcessHandle.of(found.pid).filter(Postmaster::isPostgres).isPresent());
  }

  /**
   * Removes the file if another program has the process id now, as happens when a container
   * restarts, because PostgreSQL would refuse to start. A file whose process has ended is left to
   * PostgreSQL, which also checks for children of that process.
   */
  static void forgetStranger(Path cluster) throws IOException {
    boolean stranger =
        read(cluster)
            .flatMap(found -> ProcessHandle.of(found.pid))
            .filter(process -> process.isAlive() && !isPostgres(process))
            .isPresent();
    if (stranger) {
      Files.delete(cluster.resolve(FILE));
    }
  }

  private static Optional<Postmaster> read(Path cluster) {
    try {
      List<String> lines = Files.readAllLines(cluster.resolve(FILE));
      return Optional.of(
          new Postmaster(
              Long.parseLong(lines.get(PID_LINE).strip()),
              Integer.parseInt(lines.get(PORT_LINE).strip())));
    } catch (IOException | NumberFormatException | IndexOutOfBoundsException e) {
      return Optional.empty();
    }
  }

  private static boolean isPostgres(ProcessHandle process) {
    return process.isAlive()
        && process.info().command().filter(program -> program.endsWith("/postgres")).isPresent();
  }

  /**
   * Kills the backends that outlived a killed postmaster. A busy backend notices late and still
   * writes to the cluster, and a second postmaster would corrupt it. PostgreSQL's own protection
   * relies on {@code postmaster.pid}, which may have been removed.
   *
   * @param program the program, which only this cluster uses
   */
  static void endOrphans(Path program) {
    List<ProcessHandle> orphans =
        ProcessHandle.allProcesses()
            .filter(p -> p.info().command().filter(program.toString()::equals).isPresent())
            .toList();
    orphans.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle orphan : orphans) {
      if (!ended(orphan, ORPHAN)) {
        throw new MachineLacks("cannot stop a PostgreSQL process: kill " + orphan.pid());
      }
    }
  }

  /**
   * Stops PostgreSQL by SIGINT (fast shutdown), then SIGQUIT (immediate shutdown). Java itself can
   * send only SIGTERM.
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
      ChildProcess.of(List.of("kill", "-" + name, Long.toString(pid))).start().waitFor();
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
    } catch (ExecutionException e) {
      return !process.isAlive();
    }
  }
}
