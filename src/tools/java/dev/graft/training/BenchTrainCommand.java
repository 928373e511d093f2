package dev.graft.training;

import dev.graft.spec.Hyperparameters.GradientCheckpointing;
import dev.graft.spec.Precision;
import dev.graft.spec.SpecRejected;
import dev.graft.training.StepReport.PeakMemory;
import dev.graft.training.StepReport.StepRecorder;
import dev.graft.training.StepReport.StepWork;
import dev.graft.weights.ModelDirectory;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** Times training steps; the last line of {@code --json} is a contract. */
@Command(
    name = "train",
    description = {
      "Measure training steps, of a run or of LoRA on random words.",
      "Reports the time by phase, the memory, and the share of matrix products in the time."
    },
    mixinStandardHelpOptions = true)
final class BenchTrainCommand implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int REQUEST_WRONG = 2;

  @Spec private CommandSpec spec = CommandSpec.create();

  @SuppressWarnings("NullAway.Init")
  @ArgGroup(multiplicity = "1")
  private MeasuredRows rows;

  @Option(
      names = "--steps",
      defaultValue = "10",
      paramLabel = "N",
      description = "The number of measured steps (${DEFAULT-VALUE}).")
  private int steps;

  @Option(
      names = "--warmup",
      defaultValue = "2",
      paramLabel = "N",
      description = "The number of warm-up steps, which are not measured (${DEFAULT-VALUE}).")
  private int warmup;

  @Option(
      names = "--compare",
      paramLabel = "COMMAND",
      description = {
        "Run this shell command and Graft alternately, each in a new process, and report the"
            + " ratios.",
        "{spec}, {steps} and {warmup} in it are replaced. Its last line must be a JSON object with",
        "tokens_per_second or seconds_per_step, peak_rss_mb, and optionally losses."
      })
  private @Nullable String compare;

  @Option(
      names = "--rounds",
      defaultValue = "5",
      paramLabel = "N",
      description = "The number of rounds of --compare (${DEFAULT-VALUE}).")
  private int rounds;

  @Option(
      names = "--memory-budget",
      paramLabel = "SIZE",
      converter = DeviceOption.ByteSize.class,
      description = {
        "The memory for gradient checkpointing auto, such as 2500m or 3g.",
        "By default seven eighths of the machine's memory, or most of the free memory of the GPU."
      })
  private @Nullable Long memoryBudget;

  @Mixin private DeviceOption device = new DeviceOption();

  @Option(names = "--json", description = "Print one JSON object on the last line.")
  private boolean json;

  /** The rows to train on. */
  static final class MeasuredRows {
    @Option(
        names = "--spec",
        required = true,
        paramLabel = "SPEC.json",
        description = "A run of graft train, with its rows and settings, without validation.")
    private @Nullable Path spec;

    @SuppressWarnings("NullAway.Init")
    @ArgGroup(exclusive = false)
    private RandomRows random;
  }

  /** A run on random words: full rows, of which every token but the first trains. */
  static final class RandomRows {
    private static final long SEED = 42;

    /** Most words of a row of the file: a line may have 1 MiB. */
    private static final int WORDS = 50_000;

    private static final int LETTERS = 26;
    private static final int SHORTEST = 3;
    private static final int LONGEST = 8;

    @SuppressWarnings("NullAway.Init")
    @Option(
        names = "--model",
        required = true,
        paramLabel = "DIR",
        description = "Base model for steps on random words.")
    private Path model;

    @Option(names = "--batch", defaultValue = "4", paramLabel = "N", description = "Rows per step.")
    private int batch;

    @Option(names = "--length", defaultValue = "256", paramLabel = "N", description = "Row length.")
    private int length;

    @Option(
        names = "--rank",
        defaultValue = "8",
        paramLabel = "N",
        description = "Rank of LoRA; 0 = full fine-tuning.")
    private int rank;

    @Option(names = "--dtype", defaultValue = "F32", description = "Product type: f32 or bf16.")
    private Precision dtype = Precision.F32;

    @Option(names = "--autocast", description = "Use that type also for low-rank products.")
    private boolean autocast;

    @Option(
        names = "--checkpointing",
        defaultValue = "OFF",
        description = "Gradient checkpointing: off, on or auto.")
    private GradientCheckpointing checkpointing = GradientCheckpointing.OFF;

    /**
     * Writes its SPEC.json and its rows.
     *
     * @param directory an empty one
     * @param steps of which there are rows
     * @throws IllegalArgumentException if rows are longer than the model takes
     */
    Path write(Path directory, int steps) throws IOException {
      try (ModelDirectory base = ModelDirectory.open(model)) {
        int context = base.config().contextLength();
        if (length > context) {
          throw new IllegalArgumentException(
              "--length %d is above the model's context of %d tokens".formatted(length, context));
        }
      }
      // one more, so that the run does not end by itself
      long tokens = Math.multiplyExact((long) batch * length, steps + 1L);
      Path rows = directory.resolve("rows.jsonl");
      int words = (int) Math.min(tokens, WORDS);
      writeRows(rows, Math.toIntExact(Math.ceilDiv(tokens, words)), words);
      Map<String, Object> spec = new LinkedHashMap<>();
      spec.put("base_model", model.toAbsolutePath().toString());
      spec.put("training_file", rows.toAbsolutePath().toString());
      spec.put("seed", SEED);
      spec.put("adapter", adapter(steps + 1));
      return Files.writeString(
          directory.resolve("spec.json"), JsonMapper.shared().writeValueAsString(spec));
    }

    private Map<String, Object> adapter(int steps) {
      Map<String, Object> training = new LinkedHashMap<>();
      training.put("max_length", length);
      training.put("per_device_train_batch_size", batch);
      training.put("max_steps", steps);
      training.put("train_sampling_strategy", "sequential");
      training.put("learning_rate", 2e-4);
      training.put("save_steps", 0);
      training.put("save_minutes", 0);
      training.put("bf16", dtype == Precision.BF16);
      training.put("fp16", dtype == Precision.F16);
      training.put("autocast", autocast);
      switch (checkpointing) {
        case OFF -> training.put("gradient_checkpointing", false);
        case ON -> training.put("gradient_checkpointing", true);
        case AUTO -> training.put("gradient_checkpointing", "auto");
      }
      Map<String, Object> adapter = new LinkedHashMap<>();
      adapter.put("objective", "pretraining");
      if (rank == 0) adapter.put("method", Map.of("type", "full"));
      else {
        Map<String, Object> peft = new LinkedHashMap<>();
        peft.put("peft_type", "LORA");
        peft.put("r", rank);
        peft.put("lora_alpha", 2 * rank);
        peft.put("target_modules", "all-linear");
        adapter.put("peft", peft);
      }
      adapter.put("training", training);
      return adapter;
    }

    /**
     * Writes JSONL of words that mean nothing; rows begin with nothing in common.
     *
     * @param words of a row; each is a token at least
     */
    private static void writeRows(Path file, int rows, int words) throws IOException {
      SplittableRandom random = new SplittableRandom(SEED);
      try (BufferedWriter out = Files.newBufferedWriter(file)) {
        for (int r = 0; r < rows; r++) {
          out.write("{\"text\":\"");
          for (int w = 0; w < words; w++) {
            int letters = random.nextInt(SHORTEST, LONGEST + 1);
            for (int i = 0; i < letters; i++) out.write('a' + random.nextInt(LETTERS));
            out.write(' ');
          }
          out.write("\"}\n");
        }
      }
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (steps < 1 || warmup < 1 || rounds < 1) {
      throw refused("--steps, --warmup and --rounds must be at least 1");
    }
    PrintStream results = System.out;
    System.setOut(System.err);
    Path scratch = Files.createTempDirectory("graft-bench");
    try {
      Path file = rows.spec == null ? random(scratch) : rows.spec;
      if (compare == null) BenchReport.print(measure(file, scratch), json, results);
      else compare(file, compare, results);
      return 0;
    } catch (SpecRejected e) {
      e.problems().forEach(p -> System.err.println("graft: " + p.path() + ": " + p.message()));
      return REQUEST_WRONG;
    } catch (BadRun e) {
      System.err.println("graft: " + e.getMessage());
      return REQUEST_WRONG;
    } catch (ReferenceRounds.Unusable e) {
      System.err.println("graft: " + e.getMessage());
      return FAILED;
    } finally {
      System.setOut(results);
      DurableFiles.delete(scratch);
    }
  }

  private Path random(Path scratch) throws IOException {
    RandomRows of = rows.random;
    if (of.batch < 1 || of.length < 2 || of.rank < 0) {
      throw refused("--batch must be at least 1, --length at least 2, --rank at least 0");
    }
    try {
      return of.write(scratch, warmup + steps);
    } catch (IllegalArgumentException e) {
      throw refused(String.valueOf(e.getMessage()));
    }
  }

  private ParameterException refused(String why) {
    return new ParameterException(spec.commandLine(), why);
  }

  /**
   * Times the first steps of a run: its own loop on its own rows, which ends before there is a
   * result.
   *
   * @throws BadRun if the run cannot be made, or has fewer steps
   */
  private StepReport measure(Path file, Path scratch) throws IOException {
    Path out = Files.createDirectory(scratch.resolve("run"));
    SpecFile request = SpecFile.read(file, null);
    RunRequest.Machine machine = device.machine(memoryBudget);
    TrainingRun run = request.withoutValidation().run(out, machine);
    try (StepWork work = new StepWork(request, run.execution());
        PeakMemory memory = new PeakMemory()) {
      StepRecorder recorder = new StepRecorder(warmup, steps, work::now);
      FineTune.run(run, recorder::hear, recorder::next, recorder);
      if (recorder.measured().size() < steps) {
        throw new BadRun(
            "adapter.training",
            "the run has %d steps; --warmup %d and --steps %d need %d"
                .formatted(recorder.losses().size(), warmup, steps, warmup + steps));
      }
      PeakMemory.Peak peak = memory.peak(); // without what is measured from here on
      RowSizes rows = RowSizes.of(request.trainingFile());
      MemoryNeed need = TrainedParts.of(request.baseModel(), request.spec(), rows).memory();
      long estimate = run.execution().turnsWeights() ? need.onCpu(machine.memory()) : need.bytes();
      StepWork.Work all = work.of(recorder.measured());
      return StepReport.of(run, recorder, all, peak, need.weights(), estimate);
    }
  }

  private void compare(Path file, String command, PrintStream results)
      throws IOException, InterruptedException {
    SpecFile.read(file, null); // reports errors before anything runs
    RunRequest.Machine machine = device.machine(memoryBudget);
    List<String> options =
        new ArrayList<>(
            List.of(
                "bench",
                "train",
                "--spec",
                file.toString(),
                "--steps",
                "" + steps,
                "--warmup",
                "" + warmup,
                "--device",
                device.value(),
                "--json"));
    Long memory = machine.memory();
    if (memory != null) options.addAll(List.of("--memory-budget", (memory >> 20) + "m"));
    List<String> graft = ReferenceRounds.thisProgram(options.toArray(String[]::new));
    String reference =
        command
            .replace("{spec}", "'" + file.toString().replace("'", "'\\''") + "'")
            .replace("{steps}", "" + steps)
            .replace("{warmup}", "" + warmup);
    var comparison = new ReferenceRounds(graft, List.of("sh", "-c", reference), rounds);
    BenchReport.print(
        comparison.run(round -> BenchReport.progress(round, System.err)), json, results);
  }

  /** Formats the measurements as text or as a line of JSON. */
  static final class BenchReport {
    private static final JsonMapper JSON =
        JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

    static void print(StepReport report, boolean json, PrintStream out) {
      if (json) {
        out.println(JSON.writeValueAsString(report));
        return;
      }
      speed(report, out);
      report
          .time()
          .forEach(
              (part, share) ->
                  line(out, "  %-10s %10.1f ms %5.1f %%", part, share.ms(), share.percent()));
      memory(report, out);
    }

    private static void speed(StepReport report, PrintStream out) {
      line(
          out,
          "%.0f tokens/s, %.2f s a step (%s, %s, %d threads, plan %s)",
          report.tokensPerSecond(),
          report.secondsPerStep(),
          report.device(),
          report.dtype(),
          report.threads(),
          report.plan());
      StepReport.StepTokenCounts tokens = report.tokensPerStep();
      line(
          out,
          "tokens of a step: %.0f, of which %.0f computed and %.0f trained",
          tokens.logical(),
          tokens.computed(),
          tokens.trained());
      line(
          out,
          "%.1f GFLOP/s; matrix products alone: %.0f tokens/s, %.0f %% of the step's time",
          report.gflopPerSecond(),
          report.gemmBoundTokensPerSecond(),
          100 * report.gemmBoundShare());
    }

    private static void memory(StepReport report, PrintStream out) {
      line(
          out,
          "peak memory %d MB (anonymous %d, mapped files %d), estimate %d MB",
          report.peakRssMb(),
          report.peakAnonymousMb(),
          report.peakMappedMb(),
          report.estimateMb());
      line(out, "%.1f s from the start of Java to the end of step 1", report.firstStepSeconds());
    }

    static void print(ReferenceRounds.Outcome outcome, boolean json, PrintStream out) {
      if (json) {
        out.println(JSON.writeValueAsString(outcome));
        return;
      }
      spread(out, "speed beside the reference", outcome.speedRatio());
      spread(out, "memory beside the reference", outcome.memoryRatio());
      Double difference = outcome.lossDifference();
      if (difference != null) line(out, "largest difference of a first loss: %.1e", difference);
    }

    /** Prints a round when it ends. */
    static void progress(ReferenceRounds.Round round, PrintStream out) {
      line(
          out,
          "speed %.2f times the reference's, peak memory %.2f times",
          round.speedRatio(),
          round.memoryRatio());
    }

    private static void spread(PrintStream out, String what, ReferenceRounds.Spread ratio) {
      line(
          out,
          "%s: median %.2f times (%.2f to %.2f)",
          what,
          ratio.median(),
          ratio.lowest(),
          ratio.highest());
    }

    private static void line(PrintStream out, String format, Object... values) {
      out.println(String.format(Locale.ROOT, format, values));
    }
  }
}
