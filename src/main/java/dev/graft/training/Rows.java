package dev.graft.training;

import dev.graft.model.MicroBatch;
import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.model.MicroBatch.PairBatch;
import dev.graft.model.MicroBatch.PairLogps;
import dev.graft.text.TokenizedRow;
import dev.graft.text.TokenizedRow.TokenizedPair;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The rows of a training or validation file. */
sealed interface Rows permits TokenRows, Rows.LabelledRows, Rows.PairRows {
  int size();

  /** Returns the tokens of a row, by which rows of similar length are grouped. */
  int length(int row);

  /** Returns the tokens of a row, trained or not. */
  default long tokens(int row) {
    return length(row);
  }

  /** Returns the number of a row's trained tokens, labels, or tokens of its answers. */
  long targets(int row);

  /** Returns the row's place in the file, for messages. */
  String origin(int row);

  /**
   * @param multipleOf if above 1, the width of all rows is rounded up to a multiple of it
   */
  MicroBatch batch(int[] rows, int multipleOf);

  default int[] lengths() {
    int[] lengths = new int[size()];
    Arrays.setAll(lengths, this::length);
    return lengths;
  }

  /**
   * Texts with labels; the model pads rows itself and needs no width.
   *
   * @param labels (rows)(labels of a row), see {@link LabelBatch}
   */
  record LabelledRows(List<TokenizedRow> texts, double[][] labels) implements Rows {
    public LabelledRows {
      texts = List.copyOf(texts);
      if (labels.length != texts.size())
        throw new IllegalArgumentException("each text needs a label");
    }

    @Override
    public int size() {
      return labels.length;
    }

    @Override
    public int length(int row) {
      return texts.get(row).ids().length;
    }

    @Override
    public long targets(int row) {
      return labels[row].length;
    }

    @Override
    public String origin(int row) {
      return "line " + texts.get(row).line();
    }

    @Override
    public LabelBatch batch(int[] rows, int multipleOf) {
      return new LabelBatch(
          Arrays.stream(rows).mapToObj(row -> texts.get(row).ids()).toArray(int[][]::new),
          Arrays.stream(rows).mapToObj(row -> labels[row]).toArray(double[][]::new));
    }
  }

  /**
   * Preference rows: a row of the file is a pair of the batch.
   *
   * @param reference of every pair; null if not yet known, or if the loss needs none
   */
  record PairRows(List<TokenizedPair> pairs, @Nullable PairLogps reference) implements Rows {
    public PairRows {
      if (reference != null && reference.chosen().length != pairs.size()) {
        throw new IllegalArgumentException("the reference belongs to other pairs");
      }
    }

    /** Returns the same pairs with the log-probabilities of a reference. */
    public PairRows measuredFrom(PairLogps logps) {
      return new PairRows(pairs, logps);
    }

    @Override
    public int size() {
      return pairs.size();
    }

    /** Returns the tokens of the longer side. */
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
}
