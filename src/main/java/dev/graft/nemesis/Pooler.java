package dev.graft.nemesis;

import dev.graft.platform.process.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** PgBouncer in transaction mode between servers and PostgreSQL. */
final class Pooler implements AutoCloseable {
  private static final String NOBODY = "nobody";
  private static final Duration STARTS = Duration.ofSeconds(10);
  private static final Duration ENDS = Duration.ofSeconds(10);

  private final List<String> command;
  private final Path log;
  private final URI address;
  private Process process;

  /**
   * @param directory of its own
   */
  Pooler(Path directory, int port, SharedDatabase database) throws IOException {
    if (ChildJvm.onPath("pgbouncer").isEmpty()) {
      throw new Stuck("there is no pgbouncer on the PATH");
    }
    URI server = URI.create(database.url().substring("jdbc:".length()));
    Files.createDirectories(directory);
    Path settings = directory.resolve("pgbouncer.ini");
    Files.writeString(
        settings,
        """
        [databases]
        postgres = host=%s port=%d dbname=postgres user=%s password=%s
        [pgbouncer]
        listen_addr = 127.0.0.1
        listen_port = %d
        unix_socket_dir =
        auth_type = any
        pool_mode = transaction
        max_client_conn = 500
        default_pool_size = 30
        ignore_startup_parameters = extra_float_digits,options
        """
            .formatted(
                server.getHost(), server.getPort(), database.user(), database.password(), port));
    command = command(settings);
    log = directory.resolveSibling("pgbouncer.log");
    address = URI.create("postgresql://127.0.0.1:" + port);
    process = launch();
  }

  /** It refuses to be root, but reads what only root may before it is another. */
  private static List<String> command(Path settings) {
    List<String> command = new ArrayList<>(List.of("pgbouncer"));
    if ("root".equals(System.getProperty("user.name"))) command.addAll(List.of("--user", NOBODY));
    command.add(settings.toString());
    return command;
  }

  private Process launch() {
    try {
      Process started =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      if (Deadline.in(STARTS).await(() -> LocalPorts.listens(address))) return started;
      started.destroyForcibly();
      throw new Stuck("pgbouncer does not start; see " + log);
    } catch (IOException e) {
      throw new Stuck("pgbouncer cannot be started: " + e.getMessage());
    }
  }

  String url() {
    return "jdbc:%s/postgres?prepareThreshold=0".formatted(address);
  }

  void killAndStart() {
    close();
    process = launch();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    try {
      process.waitFor(ENDS.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
