package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.graft.platform.FileTrees;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A real Ray head with two CPUs that asks for a token. Its processes leave their group and their
 * parent, so they are known by a variable in their environment.
 */
final class RayHead implements AutoCloseable {
  static final String TOKEN = "0123456789abcdef0123456789abcdef";
  private static final String MARK = "GRAFT_TEST_RAY";

  private final Path ray;

  /** Short: sockets are in it. */
  private final Path temporary;

  private final int port;
  private final int dashboard;

  private RayHead(Path ray, Path temporary) throws IOException {
    this.ray = ray;
    this.temporary = temporary;
    this.port = freePort();
    this.dashboard = freePort();
  }

  /**
   * @param python interpreter beside which {@code ray} is
   */
  static RayHead start(Path python) throws Exception {
    Path ray = Optional.ofNullable(python.getParent()).orElseThrow().resolve("ray");
    RayHead head = new RayHead(ray, Files.createTempDirectory(Path.of("/tmp"), "ray-"));
    try {
      head.begin();
      return head;
    } catch (Exception | AssertionError notBegun) {
      head.close();
      throw notBegun;
    }
  }

  /** At the same address, with nothing known of what was. */
  void begin() throws Exception {
    Path said = temporary.resolve("start.log");
    List<String> command = new ArrayList<>(List.of(ray.toString(), "start", "--head"));
    command.addAll(List.of("--num-cpus", "2", "--port", "" + port));
    command.addAll(List.of("--dashboard-port", "" + dashboard));
    command.addAll(List.of("--dashboard-agent-listen-port", "" + freePort()));
    command.addAll(List.of("--ray-client-server-port", "" + freePort()));
    command.addAll(List.of("--object-store-memory", "200000000", "--disable-usage-stats"));
    command.addAll(List.of("--temp-dir", temporary.resolve("r").toString()));
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(said.toFile());
    builder.environment().put("RAY_AUTH_MODE", "token");
    builder.environment().put("RAY_AUTH_TOKEN", TOKEN);
    builder.environment().put(MARK, temporary.toString());
    Process starting = builder.start();
    assertThat(starting.waitFor(3, TimeUnit.MINUTES)).isTrue();
    assertThat(starting.exitValue()).as("%s", Files.readString(said)).isZero();
    await().atMost(Duration.ofMinutes(2)).until(this::answers);
  }

  URI address() {
    return URI.create("http://127.0.0.1:" + dashboard);
  }

  RayJobs jobs() {
    return new RayJobs(address(), TOKEN, Duration.ofSeconds(10));
  }

  private boolean answers() {
    try {
      return jobs().all() != null;
    } catch (UncheckedIOException | RayJobs.RayRefused notYet) {
      return false;
    }
  }

  /** Kills it with all that it runs, at once. */
  void kill() {
    await()
        .atMost(Duration.ofSeconds(30))
        .until(
            () -> {
              List<ProcessHandle> left = processes();
              left.forEach(ProcessHandle::destroyForcibly);
              return left.isEmpty();
            });
  }

  /** All that the head has started, directly or not. */
  List<ProcessHandle> processes() {
    return ProcessHandle.allProcesses().filter(this::isOurs).toList();
  }

  /** Those of a run. */
  List<ProcessHandle> trainers() {
    return processes().stream().filter(each -> commandLine(each).contains("graft_ray")).toList();
  }

  private static String commandLine(ProcessHandle process) {
    return read(process, "cmdline").replace('\0', ' ');
  }

  private boolean isOurs(ProcessHandle process) {
    return read(process, "environ").contains(MARK + "=" + temporary + "\0");
  }

  private static String read(ProcessHandle process, String file) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc", "" + process.pid(), file));
      return new String(bytes, StandardCharsets.ISO_8859_1);
    } catch (IOException gone) {
      return "";
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  /** Whatever is killed may still write a file. */
  @Override
  public void close() {
    await()
        .atMost(Duration.ofMinutes(2))
        .ignoreExceptionsInstanceOf(IOException.class)
        .until(
            () -> {
              kill();
              FileTrees.delete(temporary);
              return true;
            });
  }
}
