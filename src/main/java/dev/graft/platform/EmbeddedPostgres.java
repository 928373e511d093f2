package dev.graft.platform;

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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL of our own in a directory: {@code initdb} once, {@code postgres} on loopback
 * with a password, fsync on, kept between runs. A postmaster that a killed Graft left behind is
 * adopted.
 *
 * <p>PostgreSQL refuses root, so under root it runs as an unprivileged user ({@link Unprivileged}).
 * It has a session of its own, so that the terminal's Ctrl-C reaches the server first and
 * PostgreSQL only through {@link #close}.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  /** The superuser; its password lies beside the cluster, readable by its owner only. */
  private static final String USER = "graft";

  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration STOP = Duration.ofSeconds(30);
  private static final Logger log = LoggerFactory.getLogger(EmbeddedPostgres.class);

  private final PostgresDirectory directory;
  private final Postmaster postmaster;
  private final boolean adopted;

  private EmbeddedPostgres(PostgresDirectory directory, Postmaster postmaster, boolean adopted) {
    this.directory = directory;
    this.postmaster = postmaster;
    this.adopted = adopted;
  }

  /** The one that runs on this directory now, if any. */
  public static Optional<EmbeddedPostgres> running(Path directory) {
    PostgresDirectory files = new PostgresDirectory(directory);
    return Postmaster.of(files.cluster())
        .map(postmaster -> new EmbeddedPostgres(files, postmaster, true))
        .filter(EmbeddedPostgres::answers);
  }

  /**
   * Starts it, or adopts the running one.
   *
   * @param settings further {@code name=value} settings, such as {@code fsync=off} in tests
   * @throws MachineLacks where it cannot run here: the message says what to do
   */
  public static EmbeddedPostgres start(Path directory, String... settings) {
    Optional<EmbeddedPostgres> running = running(directory);
    if (running.isPresent()) {
      log.atInfo().addKeyValue("pid", running.get().postmaster.pid()).log("postgres_adopted");
      return running.get();
    }
    PostgresDirectory files = new PostgresDirectory(directory);
    files.prepare();
    EmbeddedPostgres postgres = launch(files, settings);
    log.atInfo().addKeyValue("pid", postgres.postmaster.pid()).log("postgres_started");
    return postgres;
  }

  private static EmbeddedPostgres launch(PostgresDirectory files, String... settings) {
    int port = freePort();
    List<String> command = new ArrayList<>(List.of("setsid"));
    command.addAll(files.user().prefix());
    command.addAll(List.of(files.program("postgres").toString(), "-D", files.cluster().toString()));
    for (String setting :
        List.of(
            "listen_addresses=127.0.0.1",
            "port=" + port,
            "unix_socket_directories=",
            "max_connections=60",
            "idle_in_transaction_session_timeout=60s",
            "log_min_messages=warning")) {
      command.addAll(List.of("-c", setting));
    }
    for (String setting : settings) command.addAll(List.of("-c", setting));
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .directory(files.cluster().toFile())
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(files.log().toFile()))
              .start();
      process.getOutputStream().close();
    } catch (IOException e) {
      throw new MachineLacks("PostgreSQL cannot be started: " + e.getMessage(), e);
    }
    EmbeddedPostgres postgres =
        new EmbeddedPostgres(files, new Postmaster(process.pid(), port), false);
    long deadline = System.nanoTime() + START.toNanos();
    while (!postgres.answers()) {
      if (!process.isAlive() || System.nanoTime() - deadline > 0) {
        process.destroyForcibly();
        throw new MachineLacks("PostgreSQL did not start: " + files.lastWords());
      }
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
    return postgres;
  }

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new MachineLacks("No free loopback port for PostgreSQL: " + e.getMessage(), e);
    }
  }

  private boolean answers() {
    if (!Files.isReadable(directory.password())) return false;
    try (Connection connection = DriverManager.getConnection(url("postgres"), user(), password())) {
      return connection.isValid(5);
    } catch (SQLException e) {
      return false;
    }
  }

  /** JDBC address of a database of this cluster; {@code postgres} is always there. */
  public String url(String database) {
    return "jdbc:postgresql://127.0.0.1:" + postmaster.port() + "/" + database;
  }

  public String user() {
    return USER;
  }

  public String password() {
    return directory.readPassword();
  }

  /** True if it ran before we came. */
  public boolean adopted() {
    return adopted;
  }

  /** Process id of the postmaster. */
  public long pid() {
    return postmaster.pid();
  }

  /** A fast shutdown: open transactions are rolled back, everything committed is on disk. */
  @Override
  public void close() {
    postmaster.stop(STOP);
    log.atInfo().addKeyValue("pid", postmaster.pid()).log("postgres_stopped");
  }
}
