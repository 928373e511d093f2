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
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL in a directory: set up once by {@code initdb}, listening on loopback with a
 * password, with fsync, kept between runs. A postmaster that a killed Graft left behind is adopted.
 *
 * <p>PostgreSQL refuses to run as root, so under root it runs as an unprivileged user ({@link
 * Unprivileged}). It has its own session, so that Ctrl-C in the terminal reaches only the server,
 * which stops PostgreSQL by {@link #close}.
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
   * @param settings further {@code name=value} settings, such as {@code fsync=off} in
   *     tests @@throws MachineLacks if it cannot run on this machine, with the fix
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
}
