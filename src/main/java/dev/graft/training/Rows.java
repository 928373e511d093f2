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

/** Rows as they train. */
public sealed interface Rows permits TokenRows, Rows.LabelledRows, Rows.PairRows {
  int size();

  /** Tokens by which rows of like length are found. */
  int length(int row);

  /** Tokens read, trained or not. */
  default long tokens(int row) {
    return length(row);
  }

  /** What the loss of a row counts as: its tokens that train, its labels, those of its answers. */
  long targets(int row);

  /** Where the row comes from, for a person. */
  String origin(int row);

  /**
   * @param multipleOf if above 1, all rows are filled up to one width that is a multiple of it
   */
  MicroBatch batch(int[] rows, int multipleOf);

  default int[] lengths() {
    int[] lengths = new int[size()];
    Arrays.setAll(lengths, this::length);
    return lengths;
  }

  /**
   * Texts with labels; the model fills up rows by itself, so that no width is asked for.
   *
   * @param labels (rows)(labels of a row), see {@link LabelBatch}
   */
  record LabelledRows(List<TokenizedRow> texts, double[][] labels) implements Rows {
    public LabelledRows {
      texts = List.copyOf(texts);
      if (labels.length != texts.size()) throw new IllegalArgumentException("a text has no label");
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
}
