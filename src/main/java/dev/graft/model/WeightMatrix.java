package dev.graft.model;

import dev.graft.weights.ModelConfig.Linear;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * A weight that an adapter is merged into. Sums are computed in f64, in the order of the ranks, and
 * rounded once, so that a merge gives the same bits everywhere.
 *
 * @param rows stored rows, changed in place
 * @param transposed whether it is stored as (in, out)
 */
record WeightMatrix(Tuner.WeightRows rows, int out, int in, boolean transposed) {
  static WeightMatrix of(Linear layer, Tuner.WeightRows rows) {
    return new WeightMatrix(rows, layer.outFeatures(), layer.inFeatures(), layer.conv1d());
  }

  private int at(int o, int i) {
    return transposed ? (i - rows.first()) * out + o : (o - rows.first()) * in + i;
  }

  /** Returns the output features of the given rows. */
  private IntStream outputs() {
    int count = rows.values().length / in;
    return transposed
        ? IntStream.range(0, out)
        : IntStream.range(rows.first(), rows.first() + count);
  }

  private int firstInput() {
    return transposed ? rows.first() : 0;
  }

  private int inputs() {
    return transposed ? rows.values().length / out : in;
  }

  /** Adds {@code scale B A}. */
  void add(int rank, float[] a, float[] b, double scale) {
    add(rank, a, i -> b[i], o -> scale);
  }

  /**
   * Adds {@code scale B A}.
   *
   * @param a rows of which the first {@code in} numbers count
   * @param b of (out, rank), by index
   * @param scale by row
   */
  void add(int rank, float[] a, IntToDoubleFunction b, IntToDoubleFunction scale) {
    int width = a.length / Math.max(1, rank);
    float[] values = rows.values();
    int first = firstInput();
    int inputs = inputs();
    outputs()
        .parallel()
        .forEach(
            o -> {
              double[] row = new double[inputs];
              for (int k = 0; k < rank; k++) {
                double factor = b.applyAsDouble(o * rank + k);
                for (int i = 0; i < inputs; i++) row[i] += factor * a[k * width + first + i];
              }
              double by = scale.applyAsDouble(o);
              for (int i = 0; i < inputs; i++) values[at(o, first + i)] += (float) (by * row[i]);
            });
  }

  /** Scales each row of W to its length, as DoRA does; a transposed weight must be complete. */
  void stretch(float[] lengths) {
    outputs().forEach(o -> stretch(o, lengths[o]));
  }

  private void stretch(int o, float length) {
    float[] values = rows.values();
    double square = 0;
    for (int i = 0; i < in; i++) {
      double each = values[at(o, i)];
      square += each * each;
    }
    float factor = (float) (length / Math.sqrt(square));
    for (int i = 0; i < in; i++) values[at(o, i)] *= factor;
  }
}
