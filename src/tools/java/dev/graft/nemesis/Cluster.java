package dev.graft.nemesis;

import dev.graft.client.BundledModel;
import dev.graft.nemesis.GraftProgram.Node;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
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
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * {@link Servers} with what they lean on and workers, each with a data directory and a network of
 * its own, and the demo's base model. Leases of 5 s, so that a lost worker is noticed soon.
 */
final class Cluster implements AutoCloseable {
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
  private final Servers servers;
  private final List<Worker> workers = new ArrayList<>();
  private Api api;

  /**
   * @param link by which it reaches its server
   */
  record Worker(Node node, CuttableLink link) {}

  private Cluster(Path directory, Setup setup) throws IOException {
    this.directory = directory;
    this.program = GraftProgram.copyOfThis(directory, setup.fenced());
    this.servers =
        new Servers(
            directory,
            setup,
            (name, properties, port) ->
                node(name, properties, "server", "--port", Integer.toString(port)));
    this.api = new Api(servers.urls(), "");
  }

  /**
   * @throws Stuck if it does not come up
   */
  static Cluster start(Path directory, Setup setup) throws IOException {
    Cluster cluster = new Cluster(directory, setup);
    Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().unstarted(cluster::close));
    try {
      cluster.servers.start();
      cluster.prepare(setup.workers());
      return cluster;
    } catch (RuntimeException | IOException e) {
      cluster.close();
      throw e;
    }
  }

  private void prepare(int count) throws IOException {
    api = new Api(servers.urls(), command("key", "create", "--department", "nemesis"));
    Path model = directory.resolve("base-model");
    BundledModel.extract(model);
    command("models", "add", BundledModel.NAME, "--from", model.toString());
    servers.await(api);
    for (int i = 0; i < count; i++) {
      String token = command("worker-token", "create");
      CuttableLink link = new CuttableLink(servers.urls().get(i % servers.urls().size()));
      String url = link.url().toString();
      Node node = node("worker-" + (i + 1), "", "worker", "--server", url, "--join-token", token);
      workers.add(new Worker(node, link));
      node.start();
    }
  }

  private Node node(String name, String properties, String role, String... more)
      throws IOException {
    Path settings = directory.resolve(name + ".properties");
    Files.writeString(settings, SETTINGS + properties + "graft.worker.name=" + name + "\n");
    List<String> arguments = new ArrayList<>(List.of("serve", "--role", role));
    arguments.addAll(List.of("--data-dir", directory.resolve(name).toString()));
    arguments.addAll(List.of("--config", settings.toString()));
    arguments.addAll(List.of(more));
    return new Node(name, program, log(name), arguments);
  }

  /** A command beside the running servers. */
  private String command(String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(servers.options());
    return program.result(log("commands"), all.toArray(String[]::new));
  }

  private Path log(String name) {
    return directory.resolve(name + ".log");
  }

  /**
   * Kills the next server process and restarts it, waits until all answer, and returns its name.
   */
  String strike(int number, Random random) {
    String struck = servers.strike(number, random);
    servers.await(api);
    return struck;
  }

  Api api() {
    return api;
  }

  List<Worker> workers() {
    return workers;
  }

  /** The worker that has a trainer. */
  Optional<Worker> holder() {
    return workers.stream().filter(worker -> !worker.node().trainers().isEmpty()).findFirst();
  }

  /** Ends all processes; further calls do nothing. */
  @Override
  public synchronized void close() {
    for (Worker worker : workers) {
      worker.link().close();
      worker.node().goOn();
      worker.node().kill();
    }
    servers.close();
  }

  /** A request without an answer, or without an acknowledgement; it may be repeated. */
  static final class NotAcknowledged extends RuntimeException {
    private static final long serialVersionUID = 1;

    NotAcknowledged(String message) {
      super(message);
    }
  }

  /** Something did not happen in time, or a request was refused unexpectedly. */
  static final class Stuck extends RuntimeException {
    private static final long serialVersionUID = 1;

    Stuck(String message) {
      super(message);
    }
  }

  /** A service that servers depend on, which can be killed. */
  interface Killable extends AutoCloseable {
    String name();

    /** Kills it with SIGKILL and restarts it at the same address; returns when it listens. */
    void killAndStart();

    /** Ends its processes. */
    @Override
    void close();
  }

  /**
   * The parts of a cluster.
   *
   * @param servers over one PostgreSQL
   * @param pooled whether several reach it by PgBouncer
   * @param s3proxy a jar; the artifacts of several servers lie in its bucket then, otherwise in a
   *     directory
   * @param fenced false: the program is broken on purpose ({@link GraftProgram.Unfenced})
   */
  record Setup(int servers, int workers, boolean pooled, @Nullable Path s3proxy, boolean fenced) {}

  /** A deadline on the monotonic clock. */
  record Deadline(long nanos) {
    private static final Duration LOOK_AGAIN = Duration.ofMillis(200);

    static Deadline in(Duration time) {
      return new Deadline(System.nanoTime() + time.toNanos());
    }

    boolean passed() {
      return nanos - System.nanoTime() <= 0;
    }

    /** Polls until the condition is true; returns false if the deadline passes first. */
    boolean await(BooleanSupplier condition) {
      while (!condition.getAsBoolean()) {
        if (passed()) return false;
        pause(LOOK_AGAIN);
      }
      return true;
    }

    static void pause(Duration time) {
      LockSupport.parkNanos(time.toNanos());
    }
  }

  /**
   * The network between a worker and a server. While it is cut, it accepts data but delivers none,
   * without closing connections; when repaired, it delivers the data late, as TCP does.
   */
  static final class CuttableLink implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final InetSocketAddress to;
    private final ServerSocket listener;
    private boolean cut;

    /**
     * @param server to which all leads
     */
    CuttableLink(URI server) {
      to = new InetSocketAddress(server.getHost(), server.getPort());
      try {
        listener = new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
      } catch (IOException none) {
        throw new UncheckedIOException(none);
      }
      Thread.ofPlatform().daemon().name("link").start(this::accept);
    }

    /** What a worker takes for the server. */
    URI url() {
      return URI.create("http://127.0.0.1:" + listener.getLocalPort());
    }

    synchronized void cut() {
      cut = true;
    }

    synchronized void mend() {
      cut = false;
      notifyAll();
    }

    private synchronized void awaitWhole() throws InterruptedException {
      while (cut) wait();
    }

    private void accept() {
      while (!listener.isClosed()) {
        try {
          Socket worker = listener.accept();
          Thread.startVirtualThread(() -> carry(worker));
        } catch (IOException closed) {
          return;
        }
      }
    }

    private void carry(Socket worker) {
      try {
        awaitWhole();
        Socket server = new Socket();
        server.connect(to);
        Thread.startVirtualThread(() -> pump(server, worker));
        pump(worker, server);
      } catch (IOException serverIsGone) {
        close(worker);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    /** Until one end closes. */
    private void pump(Socket from, Socket to) {
      byte[] buffer = new byte[BUFFER];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
          awaitWhole();
          out.write(buffer, 0, n);
        }
        awaitWhole();
      } catch (IOException ended) {
        // The other direction ends with it.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } finally {
        close(from);
        close(to);
      }
    }

    private static void close(Socket socket) {
      try {
        socket.close();
      } catch (IOException gone) {
        // It is.
      }
    }

    @Override
    public void close() {
      mend();
      try {
        listener.close();
      } catch (IOException gone) {
        // It is.
      }
    }
  }
}
