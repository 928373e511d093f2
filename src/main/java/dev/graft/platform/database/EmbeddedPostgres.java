package dev.graft.platform.database;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.MachineLacks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL in a directory: set up once by {@code initdb}, listening on loopback with a
 * password, with fsync, kept between runs. A postmaster that a killed Graft left behind is adopted.
 *
 * <p>PostgreSQL refuses to run as root, so under root it runs as an unprivileged user ({@link
 * PostgresDirectory.Unprivileged}). It has its own session, so that Ctrl-C in the terminal reaches
 * only the server, which stops PostgreSQL by {@link #close}.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  /** The superuser; its password is in a file beside the cluster, readable only by its owner. */
  private static final String USER = "graft";

  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(30);
  private static final int ATTEMPTS = 4;
  private static final Duration NEXT_ATTEMPT = Duration.ofSeconds(1);
  private static final Duration LOOK_AGAIN = Duration.ofMillis(50);
  private static final Logger log = LoggerFactory.getLogger(EmbeddedPostgres.class);

  private final PostgresDirectory directory;
  private final Postmaster postmaster;
  private final boolean adopted;

  private EmbeddedPostgres(PostgresDirectory directory, Postmaster postmaster, boolean adopted) {
    this.directory = directory;
    this.postmaster = postmaster;
    this.adopted = adopted;
  }

  /** Returns the PostgreSQL that runs on this directory, if there is one. */
  public static Optional<EmbeddedPostgres> running(Path directory) {
    PostgresDirectory files = new PostgresDirectory(directory);
    return Postmaster.of(files.cluster())
        .map(postmaster -> new EmbeddedPostgres(files, postmaster, true))
        .filter(EmbeddedPostgres::answers);
  }

  /**
   * Starts PostgreSQL, or adopts a running one.
   *
   * @param settings further {@code name=value} settings, such as {@code fsync=off} in tests
   * @throws MachineLacks if it cannot run on this machine, with the fix
   */
  public static EmbeddedPostgres start(Path directory, String... settings) {
    PostgresDirectory files = new PostgresDirectory(directory);
    Optional<EmbeddedPostgres> left = adopt(files);
    if (left.isPresent()) {
      log.atInfo().addKeyValue("pid", left.get().pid()).log("postgres_adopted");
      return left.get();
    }
    Postmaster.endOrphans(files.program("postgres"));
    files.prepare();
    EmbeddedPostgres postgres = launch(files, settings);
    log.atInfo().addKeyValue("pid", postgres.pid()).log("postgres_started");
    return postgres;
  }

  /** Adopts a running PostgreSQL, waiting while it recovers or stops. */
  private static Optional<EmbeddedPostgres> adopt(PostgresDirectory files) {
    long start = System.nanoTime();
    while (System.nanoTime() - start < START.toNanos()) {
      Optional<Postmaster> left = Postmaster.of(files.cluster());
      if (left.isEmpty()) {
        return Optional.empty();
      }
      EmbeddedPostgres postgres = new EmbeddedPostgres(files, left.get(), true);
      if (postgres.answers()) {
        return Optional.of(postgres);
      }
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
    throw new MachineLacks(
        "the PostgreSQL running on "
            + files.cluster()
            + " does not answer; stop it (kill -INT with the process id in postmaster.pid) and try"
            + " again");
  }

  /**
   * Starts PostgreSQL; retries if the port was taken meanwhile or children of a killed one still
   * run.
   */
  private static EmbeddedPostgres launch(PostgresDirectory files, String... settings) {
    for (int attempt = 1; attempt < ATTEMPTS; attempt++) {
      Optional<EmbeddedPostgres> started = tryLaunch(files, settings);
      if (started.isPresent()) {
        return started.get();
      }
      LockSupport.parkNanos(NEXT_ATTEMPT.toNanos());
    }
    return tryLaunch(files, settings)
        .orElseThrow(() -> new MachineLacks("PostgreSQL did not start: " + files.lastWords()));
  }

  private static Optional<EmbeddedPostgres> tryLaunch(PostgresDirectory files, String... settings) {
    PostgresLaunch launch = PostgresLaunch.of(files, settings);
    EmbeddedPostgres postgres =
        new EmbeddedPostgres(files, new Postmaster(launch.process().pid(), launch.port()), false);
    long start = System.nanoTime();
    while (!postgres.answers()) {
      if (!launch.process().isAlive() || System.nanoTime() - start > START.toNanos()) {
        launch.process().destroyForcibly();
        return Optional.empty();
      }
      LockSupport.parkNanos(LOOK_AGAIN.toNanos());
    }
    return Optional.of(postgres);
  }

  private boolean answers() {
    if (!Files.isReadable(directory.password())) {
      return false;
    }
    try (Connection connection = DriverManager.getConnection(url("postgres"), user(), password())) {
      return connection.isValid(5);
    } catch (SQLException e) {
      return false;
    }
  }

  /** Returns the JDBC URL of a database of this cluster; {@code postgres} always exists. */
  public String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + postmaster.port() + "/" + database;
  }

  public String user() {
    return USER;
  }

  public String password() {
    return directory.readPassword();
  }

  /** Returns whether it was already running. */
  boolean adopted() {
    return adopted;
  }

  /** Returns the process id of the postmaster. */
  public long pid() {
    return postmaster.pid();
  }

  /** Performs a fast shutdown: open transactions are rolled back, committed ones are on disk. */
  @Override
  public void close() {
    postmaster.stop(STOP);
    log.atInfo().addKeyValue("pid", postmaster.pid()).log("postgres_stopped");
  }

  /** A newly started {@code postgres} process and its loopback port. */
  record PostgresLaunch(Process process, int port) {
    private static final String PORT = "port=";

    static PostgresLaunch of(PostgresDirectory files, String... settings) {
      int port = port(settings);
      List<String> command = new ArrayList<>(List.of("setsid"));
      command.addAll(files.user().prefix());
      command.addAll(
          List.of(files.program("postgres").toString(), "-D", files.cluster().toString()));
      for (String setting : ours(port)) {
        command.addAll(List.of("-c", setting));
      }
      for (String setting : settings) {
        command.addAll(List.of("-c", setting));
      }
      try {
        Process process =
            ChildProcess.of(command)
                .directory(files.cluster().toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(files.log().toFile()))
                .start();
        process.getOutputStream().close();
        return new PostgresLaunch(process, port);
      } catch (IOException e) {
        throw new MachineLacks("cannot start PostgreSQL: " + e.getMessage(), e);
      }
    }

    private static List<String> ours(int port) {
      return List.of(
          "listen_addresses=127.0.0.1",
          "port=" + port,
          "unix_socket_directories=",
          "max_connections=60",
          "idle_in_transaction_session_timeout=60s",
          "log_min_messages=warning");
    }

    /** Returns the port in the settings, else a free one. */
    private static int port(String... settings) {
      return Stream.of(settings)
          .filter(setting -> setting.startsWith(PORT))
          .map(setting -> Integer.parseInt(setting.substring(PORT.length())))
          .findFirst()
          .orElseGet(PostgresLaunch::freePort);
    }

    private static int freePort() {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException e) {
        throw new MachineLacks("no free loopback port for PostgreSQL: " + e.getMessage(), e);
      }
    }
  }

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
     * Stops PostgreSQL by SIGINT (fast shutdown), then SIGQUIT (immediate shutdown). Java itself
     * can send only SIGTERM.
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
}
