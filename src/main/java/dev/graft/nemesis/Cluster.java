package dev.graft.nemesis;

import dev.graft.demo.BundledModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A server with embedded PostgreSQL and two workers, each with a data directory of its own, and the
 * demo's base model. Leases of 5 s, so that a lost worker is noticed soon.
 */
final class Cluster implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(3);

  /** A renewal must be able to fail and be repeated within the lease; one thread a trainer. */
  private static final String SETTINGS =
      """
      server.address=127.0.0.1
      graft.jobs.lease-ttl=5s
      graft.jobs.heartbeat=1s
      graft.jobs.reap-every=1s
      graft.jobs.claim-poll=300ms
      graft.jobs.retry-after=1s
      graft.worker.call-timeout=1500ms
      graft.worker.claim-wait=2s
      graft.worker.retry-wait=500ms
      graft.worker.report-every=500ms
      graft.worker.threads=1
      """;

  private final Path directory;
  private final GraftProgram program;
  private final Node server;
  private final URI url;
  private final List<Node> workers = new ArrayList<>();
  private Api api;

  private Cluster(Path directory) throws IOException {
    this.directory = directory;
    this.program = GraftProgram.copyOfThis(directory);
    int port = freePort();
    this.url = URI.create("http://127.0.0.1:" + port);
    this.server = node("server", "server", "--port", Integer.toString(port));
    this.api = new Api(url, "");
  }

  /**
   * @throws Stuck if it does not come up
   */
  static Cluster start(Path directory) throws IOException {
    Cluster cluster = new Cluster(directory);
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(cluster::close));
    try {
      cluster.startServer();
      cluster.prepare();
      return cluster;
    } catch (RuntimeException | IOException e) {
      cluster.close();
      throw e;
    }
  }

  private void prepare() throws IOException {
    api = new Api(url, command("key", "create", "--department", "nemesis"));
    Path model = directory.resolve("base-model");
    BundledModel.extract(model);
    command("models", "add", BundledModel.NAME, "--from", model.toString());
    awaitServer();
    for (String name : List.of("a", "b")) {
      String token = command("worker-token", "create");
      Node worker =
          node("worker-" + name, "worker", "--server", url.toString(), "--join-token", token);
      worker.start();
      workers.add(worker);
    }
  }

  private Node node(String name, String role, String... more) throws IOException {
    Path settings = directory.resolve(name + ".properties");
    Files.writeString(settings, SETTINGS + "graft.worker.name=" + name + "\n");
    List<String> arguments = new ArrayList<>(List.of("serve", "--role", role));
    arguments.addAll(List.of("--data-dir", directory.resolve(name).toString()));
    arguments.addAll(List.of("--config", settings.toString()));
    arguments.addAll(List.of(more));
    return new Node(name, program, log(name), arguments);
  }

  /** A command beside the running server. */
  private String command(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--data-dir", directory.resolve("server").toString()));
    return program.result(log("commands"), all.toArray(String[]::new));
  }

  private Path log(String name) {
    return directory.resolve(name + ".log");
  }

  /** Returns at once; the server may still be recovering. */
  void startServer() {
    server.start();
    if (!Deadline.in(START).await(() -> listens() || !server.alive()) || !server.alive()) {
      throw new Stuck("the server does not start; see " + log("server"));
    }
  }

  /** Until the API answers. */
  void awaitServer() {
    if (!Deadline.in(START).await(api::answers)) {
      throw new Stuck("the server does not answer; see " + log("server"));
    }
  }

  private boolean listens() {
    try (var socket = new java.net.Socket()) {
      socket.connect(new java.net.InetSocketAddress(url.getHost(), url.getPort()), 1000);
      return true;
    } catch (IOException notYet) {
      return false;
    }
  }

  Api api() {
    return api;
  }

  Node server() {
    return server;
  }

  List<Node> workers() {
    return workers;
  }

  /** The postmaster of the server's cluster. */
  Optional<ProcessHandle> postmaster() {
    try {
      Path file = directory.resolve("server/postgres/cluster/postmaster.pid");
      return ProcessHandle.of(Long.parseLong(Files.readAllLines(file).getFirst().strip()));
    } catch (IOException | RuntimeException none) {
      return Optional.empty();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** Leaves no process behind; closing twice does nothing. */
  @Override
  public synchronized void close() {
    workers.forEach(Node::kill);
    boolean served = server.alive();
    server.stop();
    if (served) postmaster().ifPresent(ProcessHandle::destroyForcibly);
  }
}
