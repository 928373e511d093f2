package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearAlgebraTests {
  @ParameterizedTest
  @CsvSource({"5, 3", "3, 5", "4, 4", "40, 64", "1, 7"})
  void aDecompositionMultipliesToTheMatrix(int rows, int columns) {
    float[] x = new float[rows * columns];
    var random = new SplittableRandom(3);
    for (int i = 0; i < x.length; i++) x[i] = (float) random.nextDouble(-1, 1);
    int k = Math.min(rows, columns);
    try (var algebra = new LinearAlgebra()) {
      LinearAlgebra.Svd svd = algebra.svd(x, rows, columns);
      assertThat(svd.s()).isSortedAccordingTo((a, b) -> Float.compare(b, a)).hasSize(k);
      float[] scaled = svd.u().clone();
      for (int i = 0; i < scaled.length; i++) scaled[i] *= svd.s()[i % k];
      assertThat(product(scaled, svd.vh(), rows, k, columns)).containsExactly(x, within(1e-5f));
      LinearAlgebra.Qr qr = algebra.qr(x, rows, columns);
      assertThat(product(qr.q(), qr.r(), rows, k, columns)).containsExactly(x, within(1e-5f));
      for (int i = 0; i < k; i++) {
        for (int j = 0; j < i; j++) assertThat(qr.r()[i * columns + j]).isZero();
      }
    }
  }

  private static float[] product(float[] a, float[] b, int rows, int inner, int columns) {
    float[] c = new float[rows * columns];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        for (int n = 0; n < inner; n++) c[i * columns + j] += a[i * inner + n] * b[n * columns + j];
      }
    }
    return c;
  }
}
