package dev.graft.nemesis;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One {@code graft serve} process, which can be killed and started again. */
final class Node {
  private final String name;
  private final GraftProgram program;
  private final Path log;
  private final List<String> arguments;
  private @Nullable Process process;

  public Node(String name, GraftProgram program, Path log, List<String> arguments) {
    this.name = name;
    this.program = program;
    this.log = log;
    this.arguments = arguments;
  }

  public String name() {
    return name;
  }

  public void start() {
    process = program.start(log, arguments);
  }

  /** SIGKILL to this process alone: what it started must end by itself. */
  public void kill() {
    if (process == null) return;
    process.destroyForcibly();
    ended(Duration.ofSeconds(10));
  }

  /** SIGTERM, as an operator or Kubernetes sends it; returns at once. */
  public void terminate() {
    if (process != null) process.destroy();
  }

  /** As an operator stops it. */
  public void stop() {
    if (process == null) return;
    process.destroy();
    if (!ended(Duration.ofSeconds(40))) kill();
  }

  private boolean ended(Duration patience) {
    try {
      return process == null || process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  public boolean alive() {
    return process != null && process.isAlive();
  }

  /** SIGSTOP, as when a machine stands still; its trainer goes on. */
  public void pause() {
    signal("-STOP");
  }

  public void goOn() {
    signal("-CONT");
  }

  private void signal(String which) {
    if (process == null) return;
    try {
      new ProcessBuilder("kill", which, Long.toString(process.pid())).start().waitFor();
    } catch (IOException e) {
      throw new Cluster.Stuck("kill cannot be started: " + e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Cluster.Stuck("interrupted");
    }
  }

  /** Those under it that live. */
  public List<ProcessHandle> trainers() {
    return process == null ? List.of() : process.descendants().filter(Node::trains).toList();
  }

  private static boolean trains(ProcessHandle child) {
    return child.isAlive()
        && child.info().arguments().stream().flatMap(Stream::of).anyMatch("trainer"::equals);
  }
}
