package dev.graft.worker;

import dev.graft.platform.ChildProcess;
import dev.graft.platform.Children;
import dev.graft.training.ProtocolLines;
import dev.graft.training.RunRequest;
import dev.graft.training.TrainerDirective;
import dev.graft.training.TrainingEvent;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One trainer. Start and {@link #follow} it on one platform thread that outlives it: the kernel's
 * parent-death signal fires when the starting <em>thread</em> ends. Its standard input stays open
 * as long as it should live.
 */
final class TrainerProcess implements Trainer {
  private static final Logger log = LoggerFactory.getLogger(TrainerProcess.class);

  /** For the dump to be written. */
  private static final Duration DUMP = Duration.ofSeconds(2);

  private final Process process;
  private final Runnable ended;

  private TrainerProcess(Process process, Runnable ended) {
    this.process = process;
    this.ended = ended;
  }

  /**
   * @param directory of the run: the trainer reads what is in it, and writes beside that
   * @param errors file that gets the trainer's standard error
   */
  static TrainerProcess start(TrainerCommandLine commandLine, Path directory, Path errors)
      throws IOException {
    Children children = commandLine.children();
    children.share(directory);
    children.give(directory);
    children.give(Files.createDirectories(directory.resolve("checkpoints")));
    ProcessBuilder builder =
        commandLine
            .builder()
            .directory(directory.toFile())
            .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()));
    return new TrainerProcess(builder.start(), () -> children.takeBack(directory));
  }

  /** Sends the request, then hands over every event until the output ends; returns the status. */
  @Override
  public int follow(RunRequest request, Consumer<TrainingEvent> events)
      throws InterruptedException {
    send(ProtocolLines.write(request));
    try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        TrainingEvent event;
        try {
          event = ProtocolLines.readEvent(line);
        } catch (IllegalArgumentException notOurs) {
          log.atWarn()
              .addKeyValue("trainer", name())
              .addKeyValue("chars", line.length())
              .log("trainer_line_ignored");
          continue;
        }
        events.accept(event);
      }
    } catch (IOException closed) {
      log.atDebug().addKeyValue("pid", process.pid()).log("trainer_output_closed");
    }
    int status = process.waitFor();
    ended.run();
    return status;
  }

  @Override
  public void send(TrainerDirective directive) {
    send(ProtocolLines.write(directive));
  }

  /** Ends it now, and whatever it started. */
  @Override
  public void kill() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  /** A JVM answers SIGQUIT so, to its standard error (see {@code ChildJvm}). */
  @Override
  public void dumpThreads() {
    try {
      Process quit =
          ChildProcess.of(List.of("kill", "-QUIT", Long.toString(process.pid())))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      quit.waitFor();
      process.waitFor(DUMP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (IOException none) {
      log.atDebug().addKeyValue("cause", none.getMessage()).log("no_thread_dump");
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void leave() {
    kill();
  }

  @Override
  public void close() {
    kill();
  }

  @Override
  public String name() {
    return "process " + process.pid();
  }

  @Override
  public ProcessHandle process() {
    return process.toHandle();
  }

  private synchronized void send(String line) {
    try {
      OutputStream in = process.getOutputStream();
      in.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      in.flush();
    } catch (IOException gone) {
      // Its exit status will say why.
      log.atDebug().addKeyValue("pid", process.pid()).log("trainer_input_closed");
    }
  }
}
