package dev.graft.training;

import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.model.PairBatch;
import dev.graft.model.PairLogps;
import dev.graft.text.TokenizedPair;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Preference rows: a row of the file is a pair of the batch.
 *
 * @param reference of every pair; null as long as it is not known, or where the loss needs none
 */
record PairRows(List<TokenizedPair> pairs, @Nullable PairLogps reference) implements Rows {
  public PairRows {
    if (reference != null && reference.chosen().length != pairs.size()) {
      throw new IllegalArgumentException("the reference is that of other pairs");
    }
  }

  /** The same pairs, measured from what a reference gives for them. */
  public PairRows measuredFrom(PairLogps logps) {
    return new PairRows(pairs, logps);
  }

  @Override
  public int size() {
    return pairs.size();
  }

  /** Of the longer side. */
  @Override
  public int length(int row) {
    TokenizedPair pair = pairs.get(row);
    return Math.max(pair.chosen().ids().length, pair.rejected().ids().length);
  }

  @Override
  public long tokens(int row) {
    TokenizedPair pair = pairs.get(row);
    return (long) pair.chosen().ids().length + pair.rejected().ids().length;
  }

  @Override
  public long targets(int row) {
    TokenizedPair pair = pairs.get(row);
    return pair.chosen().targets() + pair.rejected().targets();
  }

  @Override
  public String origin(int row) {
    return "line " + pairs.get(row).chosen().line();
  }

  @Override
  public PairBatch batch(int[] rows, int multipleOf) {
    List<TokenizedRow> chosen =
        Arrays.stream(rows).mapToObj(row -> pairs.get(row).chosen()).toList();
    List<TokenizedRow> rejected =
        Arrays.stream(rows).mapToObj(row -> pairs.get(row).rejected()).toList();
    PairBatch batch =
        new PairBatch(
            new TokenRows.Separate(chosen).all(multipleOf),
            new TokenRows.Separate(rejected).all(multipleOf));
    PairLogps known = reference;
    if (known == null) return batch;
    return batch.measuredFrom(
        new PairLogps(
            Arrays.stream(rows).mapToDouble(row -> known.chosen()[row]).toArray(),
            Arrays.stream(rows).mapToDouble(row -> known.rejected()[row]).toArray()));
  }
}
