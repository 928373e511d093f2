package dev.graft.worker;

import dev.graft.jobs.lease.Lease;
import dev.graft.kernels.CudaDevice;
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
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts trainers as child processes, see {@code ChildJvm}.
 *
 * @param environment variables in addition to {@link #ENVIRONMENT}
 * @param children starts the processes
 */
record TrainerCommandLine(List<String> command, Map<String, String> environment, Children children)
    implements Trainer.Trainers {
  /**
   * Keeps freed memory in the process: a step frees and takes the same large buffers again, and
   * glibc would otherwise return each to the kernel (about a tenth of the step). {@code bin/graft}
   * sets the same for {@code train} and {@code bench}.
   */
  static final Map<String, String> ENVIRONMENT =
      Map.of(
          "MALLOC_TOP_PAD_", "268435456",
          "MALLOC_TRIM_THRESHOLD_", "17179869184",
          "MALLOC_MMAP_THRESHOLD_", "4294967296",
          "OPT_OUT_TRACKING", "true",
          "DJL_OFFLINE", "true");

  TrainerCommandLine {
    command = List.copyOf(command);
    environment = Map.copyOf(environment);
  }

  TrainerCommandLine(List<String> command) {
    this(command, Map.of(), Children.AS_GRAFT);
  }

  /** Returns this command line with more variables. */
  TrainerCommandLine with(Map<String, String> variables) {
    Map<String, String> all = new HashMap<>(environment);
    all.putAll(variables);
    return new TrainerCommandLine(command, all, children);
  }

  ProcessBuilder builder() {
    ProcessBuilder builder = children.of(command);
    builder.environment().putAll(ENVIRONMENT);
    builder.environment().putAll(environment);
    return builder;
  }

  /** Returns the trainer's name for a device of the worker: it sees one GPU, as its first. */
  static String device(String ofWorker) {
    return ofWorker.startsWith("cuda:") ? CudaDevice.ONLY : ofWorker;
  }

  @Override
  public Trainer start(Lease lease, Path directory, Path errors) throws IOException {
    return TrainerProcess.start(this, directory, errors);
  }

  /**
   * A trainer process. Start and {@link #follow} it on one platform thread that outlives it: the
   * kernel's parent-death signal fires when the starting <em>thread</em> ends. Its standard input
   * stays open as long as it should run.
   */
  static final class TrainerProcess implements Trainer {
    private static final Logger log = LoggerFactory.getLogger(TrainerProcess.class);

    /** Time for the thread dump to be written. */
    private static final Duration DUMP = Duration.ofSeconds(2);

    private final Process process;
    private final Runnable ended;

    private TrainerProcess(Process process, Runnable ended) {
      this.process = process;
      this.ended = ended;
    }

    /**
     * @param directory of the run, in which the trainer reads and writes
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

    /** Kills the process and its descendants. */
    @Override
    public void kill() {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }

    /** Sends SIGQUIT, to which a JVM answers on its standard error (see {@code ChildJvm}). */
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
        // The exit status shows why.
        log.atDebug().addKeyValue("pid", process.pid()).log("trainer_input_closed");
      }
    }
  }
}
