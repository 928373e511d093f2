package dev.graft.nemesis;

import dev.graft.nemesis.Cluster.Stuck;
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
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another program, which listens on a port. */
final class ListeningProgram implements Cluster.Killable {
  private static final Duration STARTS = Duration.ofSeconds(30);
  private static final Duration ENDS = Duration.ofSeconds(10);

  private final String name;
  private final List<String> command;
  private final Path log;
  private final URI address;
  private Process process;

  private ListeningProgram(String name, List<String> command, Path log, URI address) {
    this.name = name;
    this.command = command;
    this.log = log;
    this.address = address;
    this.process = launch();
  }

  /**
   * @param log the file to which its output is appended
   * @param address whose port it listens on when it has started
   * @throws Stuck if it does not
   */
  static ListeningProgram start(String name, List<String> command, Path log, URI address) {
    return new ListeningProgram(name, command, log, address);
  }

  private Process launch() {
    try {
      Process started =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
              .start();
      if (Cluster.Deadline.in(STARTS).await(() -> LocalPorts.listens(address))) return started;
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

  URI address() {
    return address;
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

  /** Ports of this machine. */
  static final class LocalPorts {
    private static final int PATIENCE_MS = 1000;

    private LocalPorts() {}

    static int freePort() {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return socket.getLocalPort();
      } catch (IOException none) {
        throw new UncheckedIOException(none);
      }
    }

    static boolean listens(URI url) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(url.getHost(), url.getPort()), PATIENCE_MS);
        return true;
      } catch (IOException notYet) {
        return false;
      }
    }
  }

  /** A bucket of S3Proxy, whose objects are files and outlive it. */
  static final class S3Proxy {
    private static final String NAME = "graft";
    private static final String ACCESS_KEY = "nemesis";
    private static final String SECRET_KEY = "the-secret-of-nemesis";

    private S3Proxy() {}

    /**
     * @param directory of its own
     * @param jar of S3Proxy with its dependencies
     */
    static ListeningProgram start(Path directory, int port, Path jar) throws IOException {
      if (!Files.isRegularFile(jar)) {
        throw new Cluster.Stuck(
            "there is no S3Proxy at %s; mvn generate-test-resources brings it".formatted(jar));
      }
      Path objects = directory.resolve("objects");
      Files.createDirectories(objects.resolve(NAME));
      URI address = URI.create("http://127.0.0.1:" + port);
      Path settings = directory.resolve("s3proxy.conf");
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
      return ListeningProgram.start(
          "S3",
          List.of(java, "-Xmx192m", "-jar", jar.toString(), "--properties", settings.toString()),
          directory.resolveSibling("s3.log"),
          address);
    }

    /** The properties of a server whose artifacts lie in it. */
    static String settings(ListeningProgram s3) {
      return """
      graft.artifacts.s3.enabled=true
      graft.artifacts.s3.endpoint=%s
      graft.artifacts.s3.bucket=%s
      graft.artifacts.s3.path-style=true
      graft.artifacts.s3.access-key=%s
      graft.artifacts.s3.secret-key=%s
      """
          .formatted(s3.address(), NAME, ACCESS_KEY, SECRET_KEY);
    }
  }
}
