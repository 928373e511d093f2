package dev.graft.nemesis;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One {@code graft serve} process, which can be killed and started again. */
final class Node {
  private final String name;
  private final GraftProgram program;
  private final Path log;
  private final List<String> arguments;
  private @Nullable Process process;

  Node(String name, GraftProgram program, Path log, List<String> arguments) {
    this.name = name;
    this.program = program;
    this.log = log;
    this.arguments = arguments;
  }

  String name() {
    return name;
  }

  void start() {
    process = program.start(log, arguments);
  }

  /** SIGKILL to this process alone: what it started must end by itself. */
  void kill() {
    if (process == null) return;
    process.destroyForcibly();
    ended(Duration.ofSeconds(10));
  }

  /** SIGTERM, as an operator or Kubernetes sends it; returns at once. */
  void terminate() {
    if (process != null) process.destroy();
  }

  /** As an operator stops it. */
  void stop() {
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

  boolean alive() {
    return process != null && process.isAlive();
  }

  /** The processes under it that live: a worker's trainer. */
  List<ProcessHandle> children() {
    return process == null
        ? List.of()
        : process.descendants().filter(ProcessHandle::isAlive).toList();
  }
}
