package dev.graft.training;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.DataOptions;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.Example;
import dev.graft.text.RowReader;
import dev.graft.text.RowReader.Problem;
import dev.graft.text.RowTokenizer;
import dev.graft.text.RowTokenizer.RowRejected;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import dev.graft.text.Tokenizer;
import dev.graft.text.Truncation;
import dev.graft.training.RowFile.HeldOut;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.Task;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a JSONL file.
 *
 * @param dropped rows that the length limit left without a trained token
 * @param truncated rows that were cut
 * @param tokens tokens read, trained or not
 * @param targets tokens or labels whose loss counts
 * @param sha256 of the file
 */
record TrainingData(
    Rows rows, int dropped, int truncated, long tokens, long targets, String sha256) {
  /** Counts the tokens and targets of rows. */
  TrainingData(Rows rows, int dropped, int truncated, String sha256) {
    this(
        rows,
        dropped,
        truncated,
        IntStream.range(0, rows.size()).mapToLong(rows::tokens).sum(),
        IntStream.range(0, rows.size()).mapToLong(rows::targets).sum(),
        sha256);
  }

  /** Returns the same data with other rows. */
  public TrainingData with(Rows others) {
    return new TrainingData(others, dropped, truncated, tokens, targets, sha256);
  }

  /**
   * Reads rows whose tokens train, from the cache if they are tokenised.
   *
   * @throws BadRun if the file has a problem, with the first few lines
   */
  public static TrainingData read(RowFile file, Tokenization how, RunControl control) {
    String sha256 = file.sha256();
    StoredRows stored =
        how.cache()
            .get(
                how.key(file.identity(sha256)),
                into -> collected(file, sha256, how, control, into));
    StoredRows.Counts counts = stored.counts();
    Rows rows = rows(stored, how.spec(), how.maxLength());
    TrainingData data = new TrainingData(rows, counts.dropped(), counts.truncated(), sha256);
    if (data.targets() == 0) throw data.untrained(file.param(), counts.untrained(), how);
    return data;
  }

  private static StoredRows.Counts collected(
      RowFile file,
      String sha256,
      Tokenization how,
      RunControl control,
      StoredRows.RowsWriter into) {
    Collector collector = new Collector(how.spec(), how.rows(), into, control);
    if (!file.read(collector::add, collector::rejected).equals(sha256)) {
      throw new BadRun(file.param(), file.param() + " changed while it was read");
    }
    return new StoredRows.Counts(collector.dropped, collector.truncated, collector.untrained);
  }

  private static Rows rows(StoredRows stored, TrainingSpec spec, int maxLength) {
    if (spec.objective().pairs()) return new Rows.PairRows(stored.pairs(), null);
    if (spec.objective() == Objective.PRETRAINING) {
      return new TokenRows.EndToEnd(stored, maxLength);
    }
    PackingStrategy packing = spec.training().rows().packingStrategy();
    if (packing != null) return TokenRows.PackedRows.of(stored, packing, maxLength);
    return new TokenRows.Separate(stored);
  }

  private BadRun untrained(String param, int untrained, Tokenization how) {
    if (untrained > 0) {
      return new BadRun(
          param,
          "%s: no row has a turn that trains (%d rows skipped); roles are system, user,"
                  .formatted(param, untrained)
              + " assistant and tool");
    }
    return new BadRun(
        param,
        "%s: no row has a trained token within max_length %d (%d rows skipped)"
            .formatted(param, how.maxLength(), dropped));
  }

  /** A tokenised row. */
  @FunctionalInterface
  private interface Tokenized {
    void write() throws IOException;
  }

  /** Writes tokens, one row after the other; several rows are tokenised in parallel. */
  private static final class Collector {
    /** Bytes of rows that are tokenised together: those of the largest row. */
    private static final int AT_ONCE = RowReader.MAX_LINE;

    private final RowTokenizer tokenizer;
    private final Objective objective;
    private final @Nullable PackingStrategy packing;
    private final StoredRows.RowsWriter into;
    private final RunControl control;
    private final List<Example> waiting = new ArrayList<>();
    private final List<Problem> rejected = new ArrayList<>();
    private int bytes;
    private int dropped;
    private int untrained;
    private int truncated;

    Collector(
        TrainingSpec spec, RowTokenizer tokenizer, StoredRows.RowsWriter into, RunControl control) {
      this.tokenizer = tokenizer;
      this.objective = spec.objective();
      this.packing = spec.training().rows().packingStrategy();
      this.into = into;
      this.control = control;
    }

    void add(Example example, int size) {
      control.pollRepeatable();
      if (rejected.size() >= RowReader.MAX_PROBLEMS) return;
      if (bytes + size > AT_ONCE) write();
      waiting.add(example);
      bytes += size;
    }

    /** Writes the remaining rows and returns all problems. */
    List<Problem> rejected() {
      write();
      return rejected;
    }

    private void write() {
      try {
        for (Tokenized row : waiting.parallelStream().map(this::tokenized).toList()) row.write();
      } catch (IOException e) {
        throw new UncheckedIOException("tokenised rows cannot be written", e);
      }
      waiting.clear();
      bytes = 0;
    }

    /** Tokenises a row on any thread; the writing thread calls the result. */
    private Tokenized tokenized(Example example) {
      try {
        if (objective.pairs()) {
          TokenizedPair pair = tokenizer.pair(example);
          return () -> add(pair);
        }
        List<TokenizedRow> rows = tokenizer.tokenize(example);
        return () -> {
          for (TokenizedRow row : rows) add(row);
        };
      } catch (RowRejected e) {
        Problem problem = new Problem(e.line(), String.valueOf(e.getMessage()));
        return () -> {
          if (rejected.size() < RowReader.MAX_PROBLEMS) rejected.add(problem);
        };
      }
    }

    private void add(TokenizedRow row) throws IOException {
      if (objective == Objective.PRETRAINING) {
        into.add(row);
        return;
      }
      if (row.cut()) truncated++;
      // as in TRL, packing keeps a row whose answer was cut off, and counts one without tokens
      boolean used = packing != null ? row.ids().length > 0 : row.trains();
      if (!used) dropped++;
      if (!row.trains() && !row.cut()) untrained++;
      if (used || packing != null) into.add(row);
    }

    private void add(TokenizedPair pair) throws IOException {
      if (pair.cut()) truncated++;
      // no token predicts a completion that is the first token of its row
      if (pair.chosen().targets() > 0 && pair.rejected().targets() > 0) into.add(pair);
      else dropped++;
    }
  }

  /**
   * The training and validation data of a run.
   *
   * @param task of the model's head
   */
  record RunData(Task task, TrainingData training, @Nullable TrainingData validation) {
    /**
     * @throws BadRun if a file has a problem, or the base cannot learn the objective
     */
    public static RunData read(
        TrainingRun run,
        ModelDirectory base,
        Tokenizer tokenizer,
        int maxLength,
        RunControl control) {
      TrainingSpec spec = run.spec();
      Path second = run.data().validationFile();
      HeldOut.Parts parts = parts(run.data().trainingFile(), second, spec, control);
      RowFile training = parts.training();
      RowFile validation = parts.validation();
      if (!spec.objective().labelsRows()) {
        requireText(base);
        Tokenization how =
            new Tokenization(
                spec,
                tokenizer,
                Checkpoints.baseModel(run.base().directory()),
                maxLength,
                new TokenCache(run.tokens()));
        return new RunData(
            new Task.CausalLm(),
            TrainingData.read(training, how, control),
            validation == null ? null : TrainingData.read(validation, how, control));
      }
      LabelledFile rows = new LabelledFile(training, spec, tokenizer, maxLength, control);
      StartFrom start = StartFrom.of(run);
      LabelledFile.LabelSet labels =
          LabelledFile.LabelSet.of(
              spec.objective(), rows.labels(), base, start == null ? null : start.head());
      return new RunData(
          labels.task(),
          rows.with(labels),
          validation == null
              ? null
              : new LabelledFile(validation, spec, tokenizer, maxLength, control).with(labels));
    }

    /**
     * Returns the training and validation files; validation has its own file or the held-out rows.
     */
    private static HeldOut.Parts parts(
        Path training, @Nullable Path validation, TrainingSpec spec, RunControl control) {
      RowFile file = new RowFile("training_file", training);
      return validation == null
          ? HeldOut.Parts.of(file, spec, control)
          : new HeldOut.Parts(file, new RowFile("validation_file", validation));
    }

    /** Returns the rows that train. */
    public static RowFile training(
        Path training, @Nullable Path validation, TrainingSpec spec, RunControl control) {
      return parts(training, validation, spec, control).training();
    }

    private static void requireText(ModelDirectory base) {
      try {
        base.config().withTask(new Task.CausalLm());
      } catch (IllegalArgumentException e) {
        throw new BadRun(
            "adapter.objective",
            e.getMessage() + "; objective must be classification or regression");
      }
    }
  }

  /**
   * Everything that the tokens of a file depend on.
   *
   * @param base digest of the model, tokenizer and chat template included
   * @param maxLength tokens of a row, or of a sequence if rows are packed
   * @param cache of tokenised files
   */
  record Tokenization(
      TrainingSpec spec, Tokenizer tokenizer, String base, int maxLength, TokenCache cache) {
    /** Version of the tokenisation; the release is also part of the key. */
    private static final int FORMAT = 1;

    RowTokenizer rows() {
      return RowSettings.of(spec, maxLength).tokenizer(tokenizer);
    }

    /**
     * Returns the key of a file's rows in the cache.
     *
     * @param rows identifies the rows
     */
    String key(String rows) {
      String release = Tokenization.class.getPackage().getImplementationVersion();
      boolean packs = spec.training().rows().packingStrategy() != null;
      String all =
          String.join(
              "\n",
              FORMAT + " " + release,
              rows,
              base,
              spec.objective() + (packs ? " packed" : ""),
              RowSettings.of(spec, maxLength).toString());
      return Digests.of(all.getBytes(StandardCharsets.UTF_8));
    }
  }

  /** The settings of the tokenisation of a run's rows. */
  record RowSettings(DataOptions options, Truncation truncation) {
    /**
     * @param maxLength tokens of a row, or of a sequence if rows are packed
     */
    public static RowSettings of(TrainingSpec spec, int maxLength) {
      boolean pretraining = spec.objective() == Objective.PRETRAINING;
      Hyperparameters training = spec.training();
      PackingStrategy packing = training.rows().packingStrategy();
      // rows that are split are not cut
      boolean cuts = !pretraining && (packing == null || packing == PackingStrategy.BFD);
      return new RowSettings(
          pretraining ? spec.data().everyToken() : spec.data(),
          cuts ? new Truncation(training.rows().truncationMode(), maxLength) : Truncation.NONE);
    }

    public RowTokenizer tokenizer(Tokenizer tokenizer) {
      return new RowTokenizer(tokenizer, options, truncation);
    }
  }
}
