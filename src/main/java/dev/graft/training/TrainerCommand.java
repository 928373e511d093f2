package dev.graft.training;

import dev.graft.model.StepObserver;
import dev.graft.spec.SpecRejected;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import sun.misc.Signal;

/** The child of a worker: see {@link dev.graft.training.protocol}. Not for users. */
@Command(
    name = "trainer",
    hidden = true,
    description = "Run one training; reads and writes JSON lines.")
public final class TrainerCommand implements Callable<Integer> {
  @Override
  public Integer call() {
    PrintStream lines = System.out;
    // Output of libraries must not mix with the JSON lines.
    System.setOut(System.err);
    TrainerProgram program =
        new TrainerProgram(System.in, lines, () -> Runtime.getRuntime().halt(1));
    // systemd signals all processes of a service at once, so the trainer also writes a checkpoint
    // first.
    for (String signal : List.of("TERM", "INT", "HUP")) {
      Signal.handle(new Signal(signal), ignored -> program.stop());
    }
    return program.run().status();
  }

  /** A trainer as a process: see {@link dev.graft.training.protocol}. */
  static final class TrainerProgram {
    private static final Logger log = LoggerFactory.getLogger(TrainerProgram.class);

    /** Messages of libtorch when memory runs out: on CUDA, on the CPU, in cuBLAS, in C++. */
    private static final List<String> DEVICE_FULL =
        List.of(
            "out of memory",
            "can't allocate memory",
            "not enough memory",
            "CUBLAS_STATUS_ALLOC_FAILED",
            "std::bad_alloc");

    private final BufferedReader in;
    private final PrintStream out;
    private final Runnable orphaned;
    private final Queue<TrainerDirective> directives = new ConcurrentLinkedQueue<>();
    private volatile boolean ended;

    /**
     * @param orphaned action when the supervisor is gone: end at once
     */
    public TrainerProgram(InputStream in, PrintStream out, Runnable orphaned) {
      this.in = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      this.out = out;
      this.orphaned = orphaned;
    }

    /** Stops as {@link TrainerDirective#STOP_AFTER_CHECKPOINT} when a signal ends this process. */
    public void stop() {
      directives.add(TrainerDirective.STOP_AFTER_CHECKPOINT);
    }

    /** Reads the request, trains and returns the outcome; the last event of a failure is Failed. */
    public TrainerExit run() {
      return run(new KernelModels(StepObserver.NONE));
    }

    TrainerExit run(FineTune.ModelSource models) {
      return guarded(
          this::emit,
          () -> {
            RunRequest request = request();
            Thread.ofPlatform().daemon().name("directives").start(this::listen);
            return new FineTune(run(request), this::emit, directives::poll, models).run();
          });
    }

    private RunRequest request() {
      try {
        String line = in.readLine();
        if (line != null) return ProtocolLines.readRequest(line);
      } catch (IOException | IllegalArgumentException e) {
        throw new BadRun(null, "the trainer received no run request");
      }
      throw new BadRun(null, "the trainer received no run request");
    }

    private static TrainingRun run(RunRequest request) {
      return new TrainingRun(
          request.spec(),
          request.base(),
          request.data(),
          request.directories(),
          request.parent(),
          request.machine());
    }

    private void listen() {
      try {
        for (String line = in.readLine(); line != null; line = in.readLine()) {
          directives.add(ProtocolLines.readDirective(line));
        }
      } catch (IOException | IllegalArgumentException e) {
        log.atError().log("trainer_directive_unreadable");
      }
      if (!ended) orphaned.run();
    }

    private synchronized void emit(TrainingEvent event) {
      out.println(ProtocolLines.write(event));
      out.flush();
    }

    private TrainerExit guarded(Consumer<TrainingEvent> events, Supplier<TrainerExit> work) {
      try {
        return work.get();
      } catch (Throwable e) {
        if (heapFull(e)) {
          log.atError().setCause(e).log("trainer_heap_full");
          return TrainerExit.OUT_OF_MEMORY;
        }
        TrainingEvent.Failed failed = failed(e);
        if (failed.failure() == TrainerExit.TRANSIENT) {
          log.atError().setCause(e).log("trainer_failed");
        }
        events.accept(failed);
        return failed.failure();
      } finally {
        ended = true;
      }
    }

    /** Returns a failure with a message for the user. */
    public static TrainingEvent.Failed failed(Throwable e) {
      return switch (e) {
        case BadRun bad ->
            new TrainingEvent.Failed(TrainerExit.BAD_INPUT, message(bad), bad.param());
        case SpecRejected bad ->
            new TrainingEvent.Failed(
                TrainerExit.BAD_INPUT, message(bad), bad.problems().getFirst().path());
        case Throwable any when outOfMemory(any) ->
            new TrainingEvent.Failed(
                TrainerExit.OUT_OF_MEMORY,
                "the run does not fit into the device's memory; reduce per_device_train_batch_size or"
                    + " max_length",
                null);
        default ->
            new TrainingEvent.Failed(
                TrainerExit.TRANSIENT, "the trainer failed; see its log for details", null);
      };
    }

    private static String message(Throwable e) {
      return Objects.requireNonNullElse(e.getMessage(), "");
    }

    /**
     * Returns whether the JVM, not the device, ran out of memory; only the exit status reports it.
     */
    static boolean heapFull(@Nullable Throwable e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof OutOfMemoryError) return true;
      }
      return false;
    }

    /** Returns whether the device ran out of memory, by the messages of libtorch's allocators. */
    private static boolean outOfMemory(@Nullable Throwable e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (DEVICE_FULL.stream().anyMatch(message(cause)::contains)) return true;
      }
      return false;
    }
  }
}
