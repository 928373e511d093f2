package dev.graft.training;

import dev.graft.model.MicroBatch.LabelBatch;
import dev.graft.text.TokenizedRow;
import java.util.Arrays;
import java.util.List;

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
