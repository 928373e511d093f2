package dev.graft.nemesis;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Another program, which listens on a port. */
final class ListeningProgram implements Killable {
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
      if (Deadline.in(STARTS).await(() -> LocalPorts.listens(address))) return started;
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
}
