package dev.graft.nemesis;

import dev.graft.platform.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** PgBouncer in transaction mode between servers and PostgreSQL. */
final class Pooler {
  private static final String NOBODY = "nobody";

  private Pooler() {}

  /**
   * @param directory of its own
   */
  static ListeningProgram start(Path directory, int port, SharedDatabase database)
      throws IOException {
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
    return ListeningProgram.start(
        "PgBouncer",
        command(settings),
        directory.resolveSibling("pgbouncer.log"),
        URI.create("postgresql://127.0.0.1:" + port));
  }

  /** It refuses to be root, but reads what only root may before it is another. */
  private static List<String> command(Path settings) {
    List<String> command = new ArrayList<>(List.of("pgbouncer"));
    if ("root".equals(System.getProperty("user.name"))) command.addAll(List.of("--user", NOBODY));
    command.add(settings.toString());
    return command;
  }

  /** For a server: statements prepared by name do not outlive a transaction there. */
  static String url(ListeningProgram pooler) {
    return "jdbc:%s/postgres?prepareThreshold=0".formatted(pooler.address());
  }
}
