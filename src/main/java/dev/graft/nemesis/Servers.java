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
 * one directory of artifacts, with a pooler in between or without.
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
  private final @Nullable SharedDatabase database;
  private final @Nullable Pooler pooler;

  /**
   * @param count 1: it brings its database
   */
  Servers(Path directory, int count, boolean pooled, Makes makes) throws IOException {
    this.directory = directory;
    if (count == 1) {
      database = null;
      pooler = null;
      add("server", "", makes);
      return;
    }
    database = new SharedDatabase(directory.resolve("postgres"), LocalPorts.freePort());
    pooler =
        pooled ? new Pooler(directory.resolve("pgbouncer"), LocalPorts.freePort(), database) : null;
    String shared =
        database.settings(pooler == null ? database.url() : pooler.url())
            + "graft.database.listen-url=%s\n".formatted(database.url())
            + "graft.artifacts.filesystem.directory=%s\n".formatted(directory.resolve("store"));
    for (int i = 1; i <= count; i++) add("server-" + i, shared, makes);
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
    return database == null
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

  /** Kills the next of servers, PostgreSQL and pooler and starts it again; says which. */
  String strike(int number, Random random) {
    if (database == null) return strikeAlone(number % 2 == 1);
    return switch (number % (pooler == null ? 2 : 3)) {
      case 0 -> strikeServer(random.nextInt(nodes.size()));
      case 1 -> {
        database.killAndStart();
        yield "PostgreSQL";
      }
      default -> {
        if (pooler != null) pooler.killAndStart();
        yield "PgBouncer";
      }
    };
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

  /** Leaves no process behind; closing twice does nothing. */
  @Override
  public void close() {
    boolean served = nodes.stream().anyMatch(Node::alive);
    nodes.forEach(Node::stop);
    if (served && database == null) postmaster().ifPresent(ProcessHandle::destroyForcibly);
    if (pooler != null) pooler.close();
    if (database != null) database.close();
  }
}
