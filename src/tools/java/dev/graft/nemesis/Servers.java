package dev.graft.nemesis;

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
  private final List<Killable> shared = new ArrayList<>();

  Servers(Path directory, Setup setup, Makes makes) throws IOException {
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
  private String share(Setup setup) throws IOException {
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
    ListeningProgram s3 = S3Proxy.start(directory.resolve("s3"), LocalPorts.freePort(), s3proxy);
    shared.add(s3);
    return S3Proxy.settings(s3);
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
    boolean up = Deadline.in(START).await(() -> LocalPorts.listens(urls.get(i)) || !node.alive());
    if (!up || !node.alive()) {
      throw new Stuck("%s does not start; see its log in %s".formatted(node.name(), directory));
    }
  }

  /** Until each answers. */
  void await(Api api) {
    for (URI url : urls) {
      if (!Deadline.in(START).await(api.at(url)::answers)) {
        throw new Stuck("%s does not answer; see the logs in %s".formatted(url, directory));
      }
    }
  }

  /** Kills the next of the servers and their shared services, restarts it and returns its name. */
  String strike(int number, Random random) {
    if (shared.isEmpty()) return strikeAlone(number % 2 == 1);
    int turn = number % (1 + shared.size());
    if (turn == 0) return strikeServer(random.nextInt(nodes.size()));
    Killable struck = shared.get(turn - 1);
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
    shared.reversed().forEach(Killable::close);
  }
}
