package dev.graft.training;

import dev.graft.spec.SpecRejected;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One run without a server. */
@Command(
    name = "train",
    description = {
      "Train one run from a file, without a server.",
      "Goes on from the newest checkpoint where DIR has one of the same run.",
      "Ctrl-C or SIGTERM: ends after the step under way, with a checkpoint; a second time: at once."
    })
public final class TrainCommand implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int REQUEST_WRONG = 2;

  @SuppressWarnings("NullAway.Init")
  @Parameters(paramLabel = "SPEC.json", description = "base_model, training_file, adapter, seed")
  private Path specFile;

  @SuppressWarnings("NullAway.Init")
  @Option(names = "--out", required = true, paramLabel = "DIR", description = "For the result.")
  private Path out;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = {
        "Continue from the adapter in this PEFT directory, with a new optimiser.",
        "Its configuration is inherited; what SPEC.json says of it must agree."
      })
  private @Nullable Path adapter;

  @Option(names = "--preview", description = "Show the first rows as tokens; train nothing.")
  private boolean preview;

  @Option(
      names = "--rows",
      defaultValue = "3",
      paramLabel = "N",
      description = "How many rows the preview shows; ${DEFAULT-VALUE} if not said.")
  private int rows;

  @Option(
      names = "--count",
      description = "Say how many rows, tokens and steps it comes to; train nothing.")
  private boolean count;

  @Option(
      names = "--memory",
      description = "Say how many bytes of memory it would take, at most; train nothing.")
  private boolean memory;

  @Option(
      names = "--memory-budget",
      paramLabel = "SIZE",
      converter = ByteSize.class,
      description = {
        "Memory that \"gradient_checkpointing\": \"auto\" may use, such as 2500m or 3g.",
        "By default seven eighths of the machine's, or most of what is free on the GPU."
      })
  private @Nullable Long memoryBudget;

  @Mixin private DeviceOption device = new DeviceOption();

  @Option(names = "--json", description = "Events as JSON lines on standard output.")
  private boolean json;

  @Override
  public Integer call() throws IOException {
    PrintStream results = System.out;
    System.setOut(System.err);
    try {
      SpecFile file = SpecFile.read(specFile, adapter);
      if (preview) {
        TrainReport.preview(Preview.rows(file, Math.max(1, rows)), json, results);
        return 0;
      }
      if (count) {
        TrainReport.count(RowCount.of(file), json, results);
        return 0;
      }
      if (memory) {
        results.println(memory(file));
        return 0;
      }
      RunRequest.Machine machine = device.machine(memoryBudget);
      Files.createDirectories(out);
      TrainingRun run = file.run(out, machine);
      if (run.directories().resumeFrom() != null) {
        System.err.println("going on from " + run.directories().resumeFrom());
      }
      return train(run, results);
    } catch (SpecRejected e) {
      e.problems().forEach(p -> System.err.println("graft: " + p.path() + ": " + p.message()));
    } catch (BadRun e) {
      System.err.println("graft: " + e.getMessage());
    }
    return REQUEST_WRONG;
  }

  private int train(TrainingRun run, PrintStream results) {
    TrainReport report = new TrainReport(System.err);
    try (Interrupt interrupt = new Interrupt(System.err)) {
      TrainerExit end =
          FineTune.run(run, event -> tell(event, report, results), interrupt::directive);
      if (end == TrainerExit.DONE) return 0;
      report.stopped();
      return interrupt.status();
    } catch (RuntimeException e) {
      TrainingEvent.Failed failed = TrainerProgram.failed(e);
      if (failed.failure() != TrainerExit.OUT_OF_MEMORY) throw e;
      System.err.println("graft: " + failed.message());
    } catch (OutOfMemoryError heapFull) {
      System.err.println("graft: the Java heap is full; set GRAFT_JAVA_OPTIONS=-Xmx with more");
    }
    return FAILED;
  }

  private static long memory(SpecFile file) throws IOException {
    try {
      RowSizes rows = RowSizes.of(file.trainingFile());
      return TrainedParts.of(file.baseModel(), file.spec(), rows).memory().bytes();
    } catch (IllegalArgumentException unfit) {
      throw new BadRun("adapter", String.valueOf(unfit.getMessage()));
    }
  }

  private void tell(TrainingEvent event, TrainReport report, PrintStream results) {
    if (json) {
      results.println(ProtocolLines.write(event));
      results.flush();
    }
    report.tell(event);
    if (!json && event instanceof TrainingEvent.Completed done) results.println(done.directory());
  }
}
