package dev.graft.nemesis;

import dev.graft.nemesis.ListeningProgram.LocalPorts;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.database.EmbeddedPostgres;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The servers of a cluster: one with a PostgreSQL of its own, or several over one beside them and
 * one store of artifacts, with a pooler in between or without.
 */
final class Servers implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(3);

  /** Makes a server of this name, with properties beside those of all, on a port. */
  @FunctionalInterface
  interface Makes {
    Node node(String name, String properties, int port) throws IOException;
  }

  private final Path directory;
  private final List<Node> nodes = new ArrayList<>();
  private final List<URI> urls = new ArrayList<>();

  /** What several lean on; a server that is alone brings its own. */
  private final List<Cluster.Killable> shared = new ArrayList<>();

  Servers(Path directory, Cluster.Setup setup, Makes makes) throws IOException {
    this.directory = directory;
    if (setup.servers() == 1) {
      add("server", "", makes);
      return;
    }
    try {
      String properties = share(setup);
      for (int i = 1; i <= setup.servers(); i++) add("server-" + i, properties, makes);
    } catch (RuntimeException | IOException e) {
      close();
      throw e;
    }
  }

  /** Starts what they share; the properties of each server. */
  private String share(Cluster.Setup setup) throws IOException {
    SharedDatabase database =
        new SharedDatabase(directory.resolve("postgres"), LocalPorts.freePort());
    shared.add(database);
    String url = database.url();
    if (setup.pooled()) {
      ListeningProgram pooler =
          Pooler.start(directory.resolve("pgbouncer"), LocalPorts.freePort(), database);
      shared.add(pooler);
      url = Pooler.url(pooler);
    }
    return database.settings(url)
        + "graft.database.listen-url=%s\n".formatted(database.url())
        + store(setup.s3proxy());
  }

  private String store(@Nullable Path s3proxy) throws IOException {
    if (s3proxy == null) {
      return "graft.artifacts.filesystem.directory=%s\n".formatted(directory.resolve("store"));
    }
    ListeningProgram s3 =
        ListeningProgram.S3Proxy.start(directory.resolve("s3"), LocalPorts.freePort(), s3proxy);
    shared.add(s3);
    return ListeningProgram.S3Proxy.settings(s3);
  }

  private void add(String name, String properties, Makes makes) throws IOException {
    int port = LocalPorts.freePort();
    nodes.add(makes.node(name, properties, port));
    urls.add(URI.create("http://127.0.0.1:" + port));
  }

  /** Where they listen; a client asks them in turns, as by way of a load balancer. */
  List<URI> urls() {
    return urls;
  }

  /** What a command needs to reach their database. */
  List<String> options() {
    Path data = directory.resolve(nodes.getFirst().name());
    return shared.isEmpty()
        ? List.of("--data-dir", data.toString())
        : List.of("--data-dir", data.toString(), "--config", data + ".properties");
  }

  /** Returns when they listen; they may still be recovering. The first migrates alone. */
  void start() {
    for (int i = 0; i < nodes.size(); i++) start(i);
  }

  private void start(int i) {
    Node node = nodes.get(i);
    node.start();
    boolean up =
        Cluster.Deadline.in(START).await(() -> LocalPorts.listens(urls.get(i)) || !node.alive());
    if (!up || !node.alive()) {
      throw new Cluster.Stuck(
          "%s does not start; see its log in %s".formatted(node.name(), directory));
    }
  }

  /** Until each answers. */
  void await(Api api) {
    for (URI url : urls) {
      if (!Cluster.Deadline.in(START).await(api.at(url)::answers)) {
        throw new Cluster.Stuck("%s does not answer; see the logs in %s".formatted(url, directory));
      }
    }
  }

  /** Kills the next of the servers and their shared services, restarts it and returns its name. */
  String strike(int number, Random random) {
    if (shared.isEmpty()) return strikeAlone(number % 2 == 1);
    int turn = number % (1 + shared.size());
    if (turn == 0) return strikeServer(random.nextInt(nodes.size()));
    Cluster.Killable struck = shared.get(turn - 1);
    struck.killAndStart();
    return struck.name();
  }

  private String strikeServer(int i) {
    nodes.get(i).kill();
    start(i);
    return nodes.get(i).name();
  }

  private String strikeAlone(boolean postgres) {
    if (postgres) postmaster().ifPresent(ProcessHandle::destroyForcibly);
    strikeServer(0);
    return postgres ? "PostgreSQL and server" : "server";
  }

  /** Of the server that has its own. */
  private Optional<ProcessHandle> postmaster() {
    try {
      Path file = directory.resolve("server/postgres/cluster/postmaster.pid");
      return ProcessHandle.of(Long.parseLong(Files.readAllLines(file).getFirst().strip()));
    } catch (IOException | RuntimeException none) {
      return Optional.empty();
    }
  }

  /** Ends all processes; further calls do nothing. */
  @Override
  public void close() {
    boolean served = nodes.stream().anyMatch(Node::alive);
    nodes.forEach(Node::stop);
    if (served && shared.isEmpty()) postmaster().ifPresent(ProcessHandle::destroyForcibly);
    shared.reversed().forEach(Cluster.Killable::close);
  }

  /** PgBouncer in transaction mode between servers and PostgreSQL. */
  static final class Pooler {
    private static final String NOBODY = "nobody";

    private Pooler() {}

    /**
     * @param directory of its own
     */
    static ListeningProgram start(Path directory, int port, SharedDatabase database)
        throws IOException {
      if (ChildJvm.onPath("pgbouncer").isEmpty()) {
        throw new Cluster.Stuck("there is no pgbouncer on the PATH");
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

  /** A PostgreSQL beside several servers, which keeps its address when it is killed. */
  static final class SharedDatabase implements Cluster.Killable {
    private static final String CONNECTIONS = "max_connections=200";
    private static final Duration ENDS = Duration.ofSeconds(10);

    private final Path directory;
    private final String port;
    private EmbeddedPostgres postgres;

    SharedDatabase(Path directory, int port) {
      this.directory = directory;
      this.port = "port=" + port;
      this.postgres = EmbeddedPostgres.start(directory, this.port, CONNECTIONS);
    }

    /** The properties of a server that reaches it by this URL. */
    String settings(String url) {
      return """
      spring.datasource.url=%s
      spring.datasource.username=%s
      spring.datasource.password=%s
      """
          .formatted(url, postgres.user(), postgres.password());
    }

    String url() {
      return postgres.url("postgres");
    }

    String user() {
      return postgres.user();
    }

    String password() {
      return postgres.password();
    }

    @Override
    public String name() {
      return "PostgreSQL";
    }

    /** Includes the recovery. */
    @Override
    public void killAndStart() {
      ProcessHandle.of(postgres.pid()).ifPresent(ProcessHandle::destroyForcibly);
      if (!Cluster.Deadline.in(ENDS).await(() -> ProcessHandle.of(postgres.pid()).isEmpty())) {
        throw new Cluster.Stuck("a killed PostgreSQL does not end");
      }
      postgres = EmbeddedPostgres.start(directory, port, CONNECTIONS);
    }

    @Override
    public void close() {
      postgres.close();
    }
  }
}
