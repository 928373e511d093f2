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

/** A running {@code postgres} process, as its {@code postmaster.pid} tells. */
record Postmaster(long pid, int port) {
  private static final String FILE = "postmaster.pid";
  private static final int PID_LINE = 0;
  private static final int PORT_LINE = 3;
  private static final Duration ORPHAN = Duration.ofSeconds(10);

  /** The live postmaster of a cluster directory; a stale file of a dead one counts as none. */
  static Optional<Postmaster> of(Path cluster) {
    return read(cluster)
        .filter(found -> ProcessHandle.of(found.pid).filter(Postmaster::isPostgres).isPresent());
  }

  /**
   * Removes the file if another program has the number now, as happens when a container restarts:
   * PostgreSQL itself would refuse to start. A file whose process is gone is left to PostgreSQL,
   * which also looks whether children of that process still use the cluster.
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
   * Ends the backends that outlived a killed postmaster. One that is busy notices late, and still
   * writes to the cluster: a second postmaster over the same files would ruin them. PostgreSQL's
   * own guard against that goes with {@code postmaster.pid}, which is removed before a start.
   *
   * @param program of this cluster alone
   */
  static void endOrphans(Path program) {
    List<ProcessHandle> orphans =
        ProcessHandle.allProcesses()
            .filter(p -> p.info().command().filter(program.toString()::equals).isPresent())
            .toList();
    orphans.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle orphan : orphans) {
      if (!ended(orphan, ORPHAN)) {
        throw new MachineLacks("a PostgreSQL process cannot be ended: kill " + orphan.pid());
      }
    }
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
