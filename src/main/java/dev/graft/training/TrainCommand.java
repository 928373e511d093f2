package dev.graft.training;

import dev.graft.spec.SpecRejected;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.Example;
import dev.graft.text.LabelledTokenizer;
import dev.graft.text.RowReader;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import dev.graft.text.Tokenizer;
import dev.graft.training.TrainingData.RowSettings;
import dev.graft.weights.TransformersModel;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import sun.misc.Signal;
import sun.misc.SignalHandler;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/** Trains one run without a server. */
@Command(
    name = "train",
    description = {
      "Train one run from a file, without a server.",
      "Resumes from the newest checkpoint of the same run in DIR, if there is one.",
      "Ctrl-C or SIGTERM ends it after the current step, with a checkpoint; a second one at once."
    })
public final class TrainCommand implements Callable<Integer> {
  private static final int FAILED = 1;
  private static final int REQUEST_WRONG = 2;

  @SuppressWarnings("NullAway.Init")
  @Parameters(paramLabel = "SPEC.json", description = "base_model, training_file, adapter, seed")
  private Path specFile;

  @SuppressWarnings("NullAway.Init")
  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Directory of the result.")
  private Path out;

  @Option(
      names = "--adapter",
      paramLabel = "DIR",
      description = {
        "Continue from the adapter in this PEFT directory, with a new optimiser.",
        "Its configuration is inherited; SPEC.json must not contradict it."
      })
  private @Nullable Path adapter;

  @Option(names = "--preview", description = "Show the first rows as tokens without training.")
  private boolean preview;

  @Option(
      names = "--rows",
      defaultValue = "3",
      paramLabel = "N",
      description = "Number of rows of the preview; ${DEFAULT-VALUE} by default.")
  private int rows;

  @Option(
      names = "--count",
      description = "Print the number of rows, tokens and steps without training.")
  private boolean count;

  @Option(
      names = "--memory",
      description = "Print the maximum bytes of memory that it would take, without training.")
  private boolean memory;

  @Option(
      names = "--memory-budget",
      paramLabel = "SIZE",
      converter = DeviceOption.ByteSize.class,
      description = {
        "Memory that \"gradient_checkpointing\": \"auto\" may use, such as 2500m or 3g.",
        "By default seven eighths of the machine's memory, or most of the GPU's free memory."
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
        System.err.println("resuming from " + run.directories().resumeFrom());
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
          FineTune.run(run, event -> report(event, report, results), interrupt::directive);
      if (end == TrainerExit.DONE) return 0;
      report.stopped();
      return interrupt.status();
    } catch (RuntimeException e) {
      TrainingEvent.Failed failed = TrainerCommand.TrainerProgram.failed(e);
      if (failed.failure() != TrainerExit.OUT_OF_MEMORY) throw e;
      System.err.println("graft: " + failed.message());
    } catch (OutOfMemoryError heapFull) {
      System.err.println("graft: the Java heap is full; set a larger GRAFT_JAVA_OPTIONS=-Xmx");
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

  private void report(TrainingEvent event, TrainReport report, PrintStream results) {
    if (json) {
      results.println(ProtocolLines.write(event));
      results.flush();
    }
    report.print(event);
    if (!json && event instanceof TrainingEvent.Completed done) results.println(done.directory());
  }

  /** Prints a run's events as lines, at most one progress line per second. */
  private static final class TrainReport {
    private static final JsonMapper JSON =
        JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();
    private static final long EVERY = 1_000_000_000L;

    private static final String ROWS =
        "%,d rows (%,d cut, %,d left out), %,d tokens an epoch, %,d trained; %,d steps";

    private final PrintStream out;
    private long last = System.nanoTime() - EVERY;

    /** Step of the newest checkpoint; 0 = there is none. */
    private long kept;

    TrainReport(PrintStream out) {
      this.out = out;
    }

    void print(TrainingEvent event) {
      switch (event) {
        case TrainingEvent.Started e -> {
          kept = e.step();
          out.printf(
              ROWS + ", %,d parameters%n",
              e.rows(),
              e.truncatedRows(),
              e.droppedRows(),
              e.tokensPerEpoch(),
              e.trainedTokensPerEpoch(),
              e.totalSteps(),
              e.trainableParameters());
        }
        case TrainingEvent.Planned e -> out.println(e.sentence());
        case TrainingEvent.Progress e -> progress(e);
        case TrainingEvent.StepSkipped e ->
            out.printf("step %d/%d skipped: %s%n", e.step(), e.totalSteps(), e.reason());
        case TrainingEvent.Evaluating e -> out.printf("step %d: validation%n", e.step());
        case TrainingEvent.Evaluated e -> evaluation(e);
        case TrainingEvent.Checkpoint e -> {
          kept = e.step();
          out.printf("step %d: checkpoint%n", e.step());
        }
        case TrainingEvent.Completed e ->
            out.printf("done: %,d steps, mean loss %.4f%n", e.steps(), e.trainLoss());
        case TrainingEvent.Failed e -> out.println("failed: " + e.message());
      }
    }

    /** Reports that the run ended early on request. */
    void stopped() {
      if (kept == 0)
        out.println("stopped before the first step; there is no checkpoint to resume from");
      else out.printf("stopped after step %d; the same command resumes from there%n", kept);
    }

    private void evaluation(TrainingEvent.Evaluated e) {
      if (e.metrics().isEmpty()) {
        out.printf(
            "step %d: validation loss %.4f, %.1f %% of tokens right%n",
            e.step(), e.validLoss(), 100 * e.validMeanTokenAccuracy());
        return;
      }
      out.printf("step %d: validation loss %.4f", e.step(), e.validLoss());
      e.metrics().forEach((name, value) -> out.printf(", %s %.4f", name, value));
      out.println();
    }

    private void progress(TrainingEvent.Progress e) {
      boolean soon = System.nanoTime() - last < EVERY;
      if (soon && e.step() < e.totalSteps()) return;
      last = System.nanoTime();
      out.printf(
          "step %d/%d, epoch %.2f: loss %.4f, %.1f %% right%s, gradient %.3f, rate %.2e, %,.0f"
              + " tokens/s (%,d tokens, %,d computed, %,d trained)%n",
          e.step(),
          e.totalSteps(),
          e.epoch(),
          e.loss(),
          100 * e.trainTokenAccuracy(),
          pairs(e.metrics()),
          e.gradNorm(),
          e.learningRate(),
          e.tokensPerSecond(),
          e.tokens().logical(),
          e.tokens().computed(),
          e.tokens().trained());
    }

    /** Returns the metrics of pairs, if there are any. */
    private static String pairs(Map<String, Double> pairs) {
      if (pairs.isEmpty()) return "";
      return ", margin %.3f, %.1f %% of pairs right"
          .formatted(
              pairs.getOrDefault("rewards/margins", Double.NaN),
              100 * pairs.getOrDefault("rewards/accuracies", Double.NaN));
    }

    static void count(RowCount count, boolean json, PrintStream out) {
      if (json) {
        out.println(JSON.writeValueAsString(count));
        return;
      }
      out.printf(
          ROWS + "%n",
          count.rows(),
          count.truncatedRows(),
          count.droppedRows(),
          count.tokensPerEpoch(),
          count.trainedTokensPerEpoch(),
          count.totalSteps());
    }

    /** Prints rows as tokens, with {@code *} before those that train. */
    static void preview(List<Preview.PreviewedRow> rows, boolean json, PrintStream out) {
      if (json) {
        rows.forEach(row -> out.println(JSON.writeValueAsString(row)));
        return;
      }
      for (Preview.PreviewedRow row : rows) {
        out.printf(
            "line %d%s%s: %d tokens%s, %d trained%n",
            row.line(),
            row.part() == null ? "" : ", " + row.part(),
            row.label() == null ? "" : ", label " + row.label(),
            row.tokens().size(),
            row.cut() ? " (cut)" : "",
            row.trained());
        out.println(row.text());
        for (Preview.Token token : row.tokens()) {
          String text = token.text().replace("\n", "\\n").replace("\t", "\\t");
          out.printf("  %s %6d %s%n", token.trained() ? "*" : " ", token.id(), text);
        }
      }
    }
  }

  /** Returns the first rows as the model will see them. */
  static final class Preview {
    private Preview() {}

    /**
     * @param part "chosen" or "rejected" for a preference row, else null
     * @param label of a labelled row, else null
     * @param text the whole row, control tokens included
     * @param cut whether {@code max_length} cut the row
     * @param tokens id, text and whether it is trained, of each
     */
    public record PreviewedRow(
        long line,
        @Nullable String part,
        @Nullable String label,
        String text,
        boolean cut,
        List<Token> tokens) {
      public long trained() {
        return tokens.stream().filter(Token::trained).count();
      }
    }

    /** One token as the tokenizer decodes it alone. */
    public record Token(int id, String text, boolean trained) {}

    /**
     * @throws BadRun if the file has a problem in or before these rows
     */
    public static List<PreviewedRow> rows(SpecFile file, int count) throws IOException {
      RowSettings settings = RowSettings.of(file.spec(), RowCount.maxLength(file));
      List<Example> examples = new ArrayList<>();
      try (Tokenizer tokenizer = Tokenizer.load(file.baseModel())) {
        try (InputStream in = Files.newInputStream(file.trainingFile())) {
          RowReader.Summary summary =
              RowReader.read(
                  in,
                  example -> {
                    examples.add(example);
                    if (examples.size() == count) throw new Enough();
                  });
          if (!summary.problems().isEmpty()) {
            RowReader.Problem first = summary.problems().getFirst();
            throw new BadRun(
                "training_file", "training_file, line " + first.line() + " " + first.message());
          }
        } catch (Enough e) {
          // read no further
        }
        return file.spec().objective().labelsRows()
            ? labelled(file, tokenizer, settings, examples)
            : tokens(tokenizer, settings, examples);
      } catch (RowRejected e) {
        throw new BadRun("training_file", "training_file, line " + e.line() + " " + e.getMessage());
      }
    }

    private static List<PreviewedRow> tokens(
        Tokenizer tokenizer, RowSettings settings, List<Example> examples) {
      RowTokenizer rows = settings.tokenizer(tokenizer);
      List<PreviewedRow> preview = new ArrayList<>();
      for (Example example : examples) {
        if (example instanceof Example.PreferencePair pair) {
          TokenizedPair sides = rows.tokenize(pair);
          preview.add(row(tokenizer, "chosen", null, sides.chosen()));
          preview.add(row(tokenizer, "rejected", null, sides.rejected()));
        } else {
          for (TokenizedRow row : rows.tokenize(example)) {
            preview.add(row(tokenizer, null, null, row));
          }
        }
      }
      return preview;
    }

    private static List<PreviewedRow> labelled(
        SpecFile file, Tokenizer tokenizer, RowSettings settings, List<Example> examples) {
      LabelledTokenizer rows =
          new LabelledTokenizer(
              tokenizer, file.spec().data().allowSpecialTokens(), settings.truncation());
      List<PreviewedRow> preview = new ArrayList<>();
      for (Example example : examples) {
        TokenizedRow row = rows.tokenize(example);
        String label =
            example instanceof Example.Labelled of ? String.join(", ", of.label().words()) : "";
        preview.add(row(tokenizer, null, label, row));
      }
      return preview;
    }

    private static PreviewedRow row(
        Tokenizer tokenizer, @Nullable String part, @Nullable String label, TokenizedRow row) {
      List<Token> tokens = new ArrayList<>();
      for (int i = 0; i < row.ids().length; i++) {
        int id = row.ids()[i];
        tokens.add(new Token(id, tokenizer.decode(id), row.labels()[i] != TokenizedRow.IGNORE));
      }
      return new PreviewedRow(
          row.line(), part, label, tokenizer.decode(row.ids()), row.cut(), tokens);
    }

    private static final class Enough extends RuntimeException {
      Enough() {
        super(null, null, false, false);
      }
    }
  }

  /**
   * The size of a training file: the numbers that a run starts with. The weights are not needed.
   *
   * @param rows that train, after packing
   * @param truncatedRows that {@code max_length} cut
   * @param droppedRows that it left without a trained token
   * @param tokensPerEpoch read, trained or not
   * @param trainedTokensPerEpoch tokens, or labels, whose loss counts
   * @param epochs passes over the rows
   */
  record RowCount(
      int rows,
      int truncatedRows,
      int droppedRows,
      long tokensPerEpoch,
      long trainedTokensPerEpoch,
      double epochs,
      long totalSteps) {
    /**
     * @throws BadRun if the file has a problem, with the first few lines
     */
    public static RowCount of(SpecFile file) throws IOException {
      TrainingSpec spec = file.spec();
      RowFile rows =
          TrainingData.RunData.training(
              file.trainingFile(), file.validationFile(), spec, RunControl.none());
      int maxLength = maxLength(file);
      try (Tokenizer tokenizer = Tokenizer.load(file.baseModel())) {
        if (spec.objective().labelsRows()) {
          return of(
              spec,
              new LabelledFile(rows, spec, tokenizer, maxLength, RunControl.none()).unlabelled());
        }
        Path scratch = Files.createTempDirectory("graft-tokens");
        try {
          String base = Checkpoints.baseModel(file.baseModel());
          TokenCache cache = new TokenCache(scratch);
          TrainingData.Tokenization how =
              new TrainingData.Tokenization(spec, tokenizer, base, maxLength, cache);
          return of(spec, TrainingData.read(rows, how, RunControl.none()));
        } finally {
          DurableFiles.delete(scratch);
        }
      }
    }

    private static RowCount of(TrainingSpec spec, TrainingData data) {
      BatchPlan plan = new BatchPlan(spec.training(), spec.seed(), data.rows().lengths());
      return new RowCount(
          data.rows().size(),
          data.truncated(),
          data.dropped(),
          data.tokens(),
          data.targets(),
          plan.stepsPerEpoch() == 0 ? 0 : plan.epochs(plan.totalSteps()),
          plan.totalSteps());
    }

    /** Returns the maximum tokens of a row, from the configuration alone. */
    static int maxLength(SpecFile file) throws IOException {
      byte[] config = Files.readAllBytes(file.baseModel().resolve("config.json"));
      int context = TransformersModel.contextLength(config);
      Integer wanted = file.spec().training().rows().maxLength();
      return wanted == null ? context : Math.min(wanted, context);
    }
  }

  /**
   * Handles Ctrl-C and SIGTERM while a run is in the foreground: the first requests a checkpoint
   * and the end, the second ends the program at once.
   */
  private static final class Interrupt implements AutoCloseable {
    /** Exit status of a program that a signal ended, less the number of the signal. */
    private static final int BY_SIGNAL = 128;

    private final PrintStream out;
    private final List<Runnable> before = new ArrayList<>();
    private volatile int signal;
    private boolean sent;

    Interrupt(PrintStream out) {
      this.out = out;
      for (String name : List.of("INT", "TERM")) {
        Signal each = new Signal(name);
        SignalHandler handler = Signal.handle(each, this::heard);
        before.add(() -> Signal.handle(each, handler));
      }
    }

    private void heard(Signal each) {
      if (signal != 0) Runtime.getRuntime().halt(BY_SIGNAL + each.getNumber());
      signal = each.getNumber();
      out.println("stopping after this step, with a checkpoint; repeat to stop at once");
    }

    /** Returns the directive for the run, once; null = continue. */
    @Nullable TrainerDirective directive() {
      if (signal == 0 || sent) return null;
      sent = true;
      return TrainerDirective.STOP_AFTER_CHECKPOINT;
    }

    /** Returns the exit status of a program that the signal has ended. */
    int status() {
      return BY_SIGNAL + signal;
    }

    @Override
    public void close() {
      before.forEach(Runnable::run);
    }
  }
}
