package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Stuck;
import dev.graft.nemesis.GraftProgram.Node;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.database.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/**
 * The servers of a cluster: one with a PostgreSQL of its own, or several over one beside them and
 * one store of artifacts, with a pooler in between or without.
 */
final class Servers implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(3);
  private static final int PATIENCE_MS = 1000;
  private static final String NOBODY = "nobody";
  private static final String BUCKET = "graft";
  private static final String ACCESS_KEY = "nemesis";
  private static final String SECRET_KEY = "the-secret-of-nemesis";

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
    SharedDatabase database = new SharedDatabase(directory.resolve("postgres"), freePort());
    shared.add(database);
    return database.settings(setup.pooled() ? pooled(database) : database.url())
        + "graft.database.listen-url=%s\n".formatted(database.url())
        + (setup.s3proxy() == null
            ? "graft.artifacts.filesystem.directory=%s\n".formatted(directory.resolve("store"))
            : s3(setup.s3proxy()));
  }

  /**
   * Starts PgBouncer in transaction mode between servers and PostgreSQL; returns its URL for a
   * server: statements prepared by name do not outlive a transaction there.
   */
  private String pooled(SharedDatabase database) throws IOException {
    if (ChildJvm.onPath("pgbouncer").isEmpty())
      throw new Stuck("there is no pgbouncer on the PATH");
    int port = freePort();
    URI server = URI.create(database.url().substring("jdbc:".length()));
    Path settings =
        Files.createDirectories(directory.resolve("pgbouncer")).resolve("pgbouncer.ini");
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
                server.getHost(),
                server.getPort(),
                database.postgres.user(),
                database.postgres.password(),
                port));
    List<String> command = new ArrayList<>(List.of("pgbouncer", settings.toString()));
    // It refuses to be root, but reads what only root may before it is another.
    if ("root".equals(System.getProperty("user.name")))
      command.addAll(1, List.of("--user", NOBODY));
    URI address = URI.create("postgresql://127.0.0.1:" + port);
    shared.add(
        new ListeningProgram("PgBouncer", command, directory.resolve("pgbouncer.log"), address));
    return "jdbc:%s/postgres?prepareThreshold=0".formatted(address);
  }

  /**
   * Starts S3Proxy with a bucket whose objects are files and outlive it.
   *
   * @param jar of S3Proxy with its dependencies
   * @return the properties of a server whose artifacts lie in it
   */
  private String s3(Path jar) throws IOException {
    if (!Files.isRegularFile(jar)) {
      throw new Stuck(
          "there is no S3Proxy at %s; mvn generate-test-resources brings it".formatted(jar));
    }
    Path objects = directory.resolve("s3/objects");
    Files.createDirectories(objects.resolve(BUCKET));
    URI address = URI.create("http://127.0.0.1:" + freePort());
    Path settings = directory.resolve("s3/s3proxy.conf");
    Files.writeString(
        settings,
        """
        s3proxy.endpoint=%s
        s3proxy.authorization=aws-v2-or-v4
        s3proxy.identity=%s
        s3proxy.credential=%s
        jclouds.provider=filesystem-nio2
        jclouds.filesystem.basedir=%s
        """
            .formatted(address, ACCESS_KEY, SECRET_KEY, objects));
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<String> command =
        List.of(java, "-Xmx192m", "-jar", jar.toString(), "--properties", settings.toString());
    shared.add(new ListeningProgram("S3", command, directory.resolve("s3.log"), address));
    return """
    graft.artifacts.s3.enabled=true
    graft.artifacts.s3.endpoint=%s
    graft.artifacts.s3.bucket=%s
    graft.artifacts.s3.path-style=true
    graft.artifacts.s3.access-key=%s
    graft.artifacts.s3.secret-key=%s
    """
        .formatted(address, BUCKET, ACCESS_KEY, SECRET_KEY);
  }

  private void add(String name, String properties, Makes makes) throws IOException {
    int port = freePort();
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
    boolean up = Cluster.Deadline.in(START).await(() -> listens(urls.get(i)) || !node.alive());
    if (!up || !node.alive()) {
      throw new Stuck("%s does not start; see its log in %s".formatted(node.name(), directory));
    }
  }

  /** Until each answers. */
  void await(Api api) {
    for (URI url : urls) {
      if (!Cluster.Deadline.in(START).await(api.at(url)::answers)) {
        throw new Stuck("%s does not answer; see the logs in %s".formatted(url, directory));
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

  private static int freePort() {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    } catch (IOException none) {
      throw new UncheckedIOException(none);
    }
  }

  private static boolean listens(URI url) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(url.getHost(), url.getPort()), PATIENCE_MS);
      return true;
    } catch (IOException notYet) {
      return false;
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

    @Override
    public String name() {
      return "PostgreSQL";
    }

    /** Includes the recovery. */
    @Override
    public void killAndStart() {
      ProcessHandle.of(postgres.pid()).ifPresent(ProcessHandle::destroyForcibly);
      if (!Cluster.Deadline.in(ENDS).await(() -> ProcessHandle.of(postgres.pid()).isEmpty())) {
        throw new Stuck("a killed PostgreSQL does not end");
      }
      postgres = EmbeddedPostgres.start(directory, port, CONNECTIONS);
    }

    @Override
    public void close() {
      postgres.close();
    }
  }

  /** Another program, which listens on a port. */
  static final class ListeningProgram implements Cluster.Killable {
    private static final Duration STARTS = Duration.ofSeconds(30);
    private static final Duration ENDS = Duration.ofSeconds(10);

    private final String name;
    private final List<String> command;
    private final Path log;
    private final URI address;
    private Process process;

    /**
     * @param log the file to which its output is appended
     * @param address whose port it listens on when it has started
     * @throws Stuck if it does not
     */
    ListeningProgram(String name, List<String> command, Path log, URI address) {
      this.name = name;
      this.command = command;
      this.log = log;
      this.address = address;
      this.process = launch();
    }

    private Process launch() {
      try {
        Process started =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
        if (Cluster.Deadline.in(STARTS).await(() -> listens(address))) return started;
        started.destroyForcibly();
        throw new Stuck("%s does not start; see %s".formatted(name, log));
      } catch (IOException e) {
        throw new Stuck("%s cannot be started: %s".formatted(name, e.getMessage()));
      }
    }

    @Override
    public String name() {
      return name;
    }

    @Override
    public void killAndStart() {
      close();
      process = launch();
    }

    @Override
    public void close() {
      process.destroyForcibly();
      try {
        if (!process.waitFor(ENDS.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new Stuck("a killed %s does not end".formatted(name));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new Stuck("interrupted");
      }
    }
  }
}
