package dev.graft.training.finetune.rows;

import dev.graft.spec.Hyperparameters.PackingStrategy;
import dev.graft.spec.TrainingSpec;
import dev.graft.spec.TrainingSpec.Objective;
import dev.graft.text.RowRejected;
import dev.graft.text.RowTokenizer;
import dev.graft.text.TokenizedPair;
import dev.graft.text.TokenizedRow;
import dev.graft.text.Tokenizer;
import dev.graft.text.row.Example;
import dev.graft.text.row.RowReader;
import dev.graft.text.row.RowReader.Problem;
import dev.graft.training.data.PackedRows;
import dev.graft.training.data.PairRows;
import dev.graft.training.data.Rows;
import dev.graft.training.data.TokenRows;
import dev.graft.training.finetune.run.BadRun;
import dev.graft.training.finetune.run.RunControl;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A JSONL file as rows that train.
 *
 * @param dropped rows that the length limit left without a trained token
 * @param truncated rows that were cut
 * @param tokens tokens read, trained or not
 * @param targets tokens or labels whose loss counts
 * @param sha256 of the file
 */
public record TrainingData(
    Rows rows, int dropped, int truncated, long tokens, long targets, String sha256) {
  /** Of these rows. */
  TrainingData(Rows rows, int dropped, int truncated, String sha256) {
    this(
        rows,
        dropped,
        truncated,
        IntStream.range(0, rows.size()).mapToLong(rows::tokens).sum(),
        IntStream.range(0, rows.size()).mapToLong(rows::targets).sum(),
        sha256);
  }

  /** The same of other rows. */
  public TrainingData with(Rows others) {
    return new TrainingData(others, dropped, truncated, tokens, targets, sha256);
  }

  /**
   * Reads rows whose tokens train.
   *
   * @throws BadRun if the file has a problem, with the first few lines
   */
  public static TrainingData read(
      RowFile file, TrainingSpec spec, Tokenizer tokenizer, int maxLength, RunControl control) {
    Collector collector =
        new Collector(
            spec, RowSettings.of(spec, maxLength).tokenizer(tokenizer), maxLength, control);
    String sha256 = file.read(collector::add, collector.rejected);
    return collector.data(file.param(), sha256);
  }

  /** Keeps tokens only: in lists of rows, or in one array that grows. */
  private static final class Collector {
    private final RowTokenizer tokenizer;
    private final Objective objective;
    private final @Nullable PackingStrategy packing;
    private final int maxLength;
    private final RunControl control;
    private final List<Problem> rejected = new ArrayList<>();
    private final List<TokenizedRow> rows = new ArrayList<>();
    private final List<TokenizedPair> pairs = new ArrayList<>();
    private int[] stream = new int[1 << 12];
    private int used;
    private int dropped;
    private int untrained;
    private int truncated;

    Collector(TrainingSpec spec, RowTokenizer tokenizer, int maxLength, RunControl control) {
      this.tokenizer = tokenizer;
      this.objective = spec.objective();
      this.packing = spec.training().rows().packingStrategy();
      this.maxLength = maxLength;
      this.control = control;
    }

    void add(Example example) {
      control.pollRepeatable();
      if (rejected.size() >= RowReader.MAX_PROBLEMS) return;
      try {
        switch (objective) {
          // rows with labels are read by LabelledFile
          case SFT, CLASSIFICATION, REGRESSION -> tokenizer.tokenize(example).forEach(this::add);
          case PRETRAINING -> tokenizer.tokenize(example).forEach(row -> append(row.ids()));
          case DPO, ORPO -> add(tokenizer.pair(example));
        }
      } catch (RowRejected e) {
        rejected.add(new Problem(e.line(), String.valueOf(e.getMessage())));
      }
    }

    private void add(TokenizedRow row) {
      if (row.cut()) truncated++;
      // as in TRL, packing keeps a row whose answer was cut off, and counts one without tokens
      boolean used = packing != null ? row.ids().length > 0 : row.trains();
      if (!used) dropped++;
      if (!row.trains() && !row.cut()) untrained++;
      if (used || packing != null) rows.add(row);
    }

    private void add(TokenizedPair pair) {
      if (pair.cut()) truncated++;
      // a completion that is the first token of its row has nothing that predicts it
      if (pair.chosen().targets() > 0 && pair.rejected().targets() > 0) pairs.add(pair);
      else dropped++;
    }

    private void append(int[] ids) {
      int needed = Math.addExact(used, ids.length);
      if (needed > stream.length) {
        stream = Arrays.copyOf(stream, (int) Math.min(Integer.MAX_VALUE - 8L, needed * 2L));
      }
      System.arraycopy(ids, 0, stream, used, ids.length);
      used = needed;
    }

    private Rows rows() {
      if (objective.pairs()) return new PairRows(pairs, null);
      if (objective == Objective.PRETRAINING) {
        return new TokenRows.EndToEnd(Arrays.copyOf(stream, used), maxLength);
      }
      if (packing != null) return PackedRows.of(List.copyOf(rows), packing, maxLength);
      return new TokenRows.Separate(List.copyOf(rows));
    }

    TrainingData data(String param, String sha256) {
      TrainingData data = new TrainingData(rows(), dropped, truncated, sha256);
      if (data.targets() == 0 && untrained > 0) {
        throw new BadRun(
            param,
            "%s: no row has a turn that trains (%d rows left out); roles are system, user,"
                    .formatted(param, untrained)
                + " assistant and tool");
      }
      if (data.targets() == 0) {
        throw new BadRun(
            param,
            "%s: no row has a token to train within max_length %d (%d rows left out)"
                .formatted(param, maxLength, dropped));
      }
      return data;
    }
  }
}
