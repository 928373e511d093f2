package dev.graft.training.tuner.lora;

import dev.graft.weights.config.ModelConfig.Linear;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;

/**
 * A weight that an adapter becomes part of. Sums are made in f64, in the order of the ranks, and
 * rounded once: the bits of a merge are the same everywhere.
 *
 * @param values changed in place
 * @param transposed whether they lie as (in, out)
 */
record WeightMatrix(float[] values, int out, int in, boolean transposed) {
  static WeightMatrix of(Linear layer, float[] values) {
    return new WeightMatrix(values, layer.outFeatures(), layer.inFeatures(), layer.conv1d());
  }

  private int at(int o, int i) {
    return transposed ? i * out + o : o * in + i;
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
    IntStream.range(0, out)
        .parallel()
        .forEach(
            o -> {
              double[] row = new double[in];
              for (int k = 0; k < rank; k++) {
                double factor = b.applyAsDouble(o * rank + k);
                for (int i = 0; i < in; i++) row[i] += factor * a[k * width + i];
              }
              double by = scale.applyAsDouble(o);
              for (int i = 0; i < in; i++) values[at(o, i)] += (float) (by * row[i]);
            });
  }

  /** Brings each row of W to its length, as DoRA does. */
  void stretch(float[] lengths) {
    for (int o = 0; o < out; o++) {
      double square = 0;
      for (int i = 0; i < in; i++) {
        double each = values[at(o, i)];
        square += each * each;
      }
      float factor = (float) (lengths[o] / Math.sqrt(square));
      for (int i = 0; i < in; i++) values[at(o, i)] *= factor;
    }
  }
}
