package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import dev.graft.Concurrent;
import dev.graft.kernels.LinearAlgebra.IncrementalPca;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

@Concurrent
class IncrementalPcaTests {
  private static final int FEATURES = 9;

  /** What peft's IncrementalPCA gives for the same rows, whose variance has nine directions. */
  @Test
  void directionsThatAreCutShortAreThoseOfPeft() {
    try (LinearAlgebra algebra = new LinearAlgebra();
        Tensors tensors = new Tensors();
        IncrementalPca pca = algebra.incremental(3)) {
      pca.add(waves(tensors, 0, 7));
      assertThat(pca.explained())
          .containsExactly(
              new double[] {0.370961457490921, 0.2704533338546753, 0.20832987129688263},
              within(1e-6));
      assertThat(pca.converged(1, 0)).isFalse();
      pca.add(waves(tensors, 7, 5));
      assertThat(pca.converged(1, 0.962)).isTrue();
      assertThat(pca.converged(1, 0.963)).isFalse();
      assertThat(pca.converged(3, 0.8686)).isTrue();
      assertThat(pca.converged(3, 0.8687)).isFalse();
      pca.add(waves(tensors, 12, 20));
      assertThat(pca.explained())
          .containsExactly(
              new double[] {0.333284128852828, 0.25387531143156733, 0.19728443653381655},
              within(1e-6));
      assertThat(pca.singularValues())
          .containsExactly(
              new double[] {37.08880716882282, 32.37022992206429, 28.535268441223618},
              within(1e-4));
      double[] first = {
        -0.014787, 0.18959, 0.032193, -0.018134, -0.022191, 0.01728, -0.059708, -0.182302, 0.961708
      };
      assertThat(Arrays.copyOf(pca.components(), FEATURES)).containsExactly(first, within(1e-5));
    }
  }

  private static PtNDArray waves(Tensors tensors, int from, int count) {
    float[] x = new float[count * FEATURES];
    for (int k = 0; k < x.length; k++) {
      int i = from + k / FEATURES;
      int j = k % FEATURES;
      x[k] = (float) (Math.sin(1.7 * i + 0.9 * i * j + j * j) * (1 + j) + j);
    }
    return rows(tensors, x);
  }

  private static PtNDArray rows(Tensors tensors, float[] x) {
    return (PtNDArray) tensors.manager().create(x, new Shape(x.length / FEATURES, FEATURES));
  }

  /** Nothing is cut off where there are no more directions than are kept. */
  @Test
  void batchesOfFewDirectionsGiveWhatAllRowsTogetherDo() {
    float[][] all = plane(60);
    try (LinearAlgebra algebra = new LinearAlgebra();
        Tensors tensors = new Tensors();
        IncrementalPca pca = algebra.incremental(4)) {
      assertThat(pca.started()).isFalse();
      for (int[] batch : new int[][] {{0, 5}, {5, 30}, {30, 60}}) {
        int middle = (batch[0] + batch[1]) / 2;
        PtNDArray start = rows(tensors, flat(all, batch[0], middle));
        PtNDArray rest = rows(tensors, flat(all, middle, batch[1]));
        assertThat(pca.add(start, rest)).isTrue();
      }
      double[] directions = pca.components();
      double[] explained = pca.explained();
      for (int k = 0; k < 4; k++) {
        double[] direction = Arrays.copyOfRange(directions, k * FEATURES, (k + 1) * FEATURES);
        double share = variance(all, direction) / total(all);
        assertThat(explained[k]).isCloseTo(share, within(1e-5));
        if (k < 3) assertThat(explained[k]).isGreaterThan(0.05);
      }
      assertThat(Arrays.stream(explained).sum()).isCloseTo(1, within(1e-5));
    }
  }

  /** Rows in a space of three dimensions that does not go through zero. */
  private static float[][] plane(int count) {
    SplittableRandom random = new SplittableRandom(5);
    float[][] axes = new float[4][FEATURES];
    for (float[] axis : axes) for (int f = 0; f < FEATURES; f++) axis[f] = normal(random);
    float[][] rows = new float[count][FEATURES];
    for (float[] row : rows) {
      for (int a = 0; a < 4; a++) {
        float along = a == 3 ? 5 : normal(random);
        for (int f = 0; f < FEATURES; f++) row[f] += along * axes[a][f];
      }
    }
    return rows;
  }

  private static float normal(SplittableRandom random) {
    return (float) random.nextGaussian();
  }

  private static float[] flat(float[][] rows, int from, int to) {
    float[] flat = new float[(to - from) * FEATURES];
    for (int r = from; r < to; r++) {
      System.arraycopy(rows[r], 0, flat, (r - from) * FEATURES, FEATURES);
    }
    return flat;
  }

  private static double total(float[][] rows) {
    double sum = 0;
    for (int f = 0; f < FEATURES; f++) {
      double[] axis = new double[FEATURES];
      axis[f] = 1;
      sum += variance(rows, axis);
    }
    return sum;
  }

  private static double variance(float[][] rows, double[] direction) {
    double sum = 0;
    double squares = 0;
    for (float[] row : rows) {
      double along = 0;
      for (int f = 0; f < FEATURES; f++) along += (double) row[f] * direction[f];
      sum += along;
      squares += along * along;
    }
    return squares - sum * sum / rows.length;
  }

  @Test
  void tooFewRowsAreLeftOutAndTooFewFeaturesRefused() {
    try (LinearAlgebra algebra = new LinearAlgebra();
        Tensors tensors = new Tensors();
        IncrementalPca pca = algebra.incremental(8);
        IncrementalPca wide = algebra.incremental(FEATURES + 1)) {
      assertThat(pca.add(waves(tensors, 0, 7))).isFalse();
      assertThat(pca.started()).isFalse();
      assertThat(pca.add(waves(tensors, 0, 8))).isTrue();
      assertThat(pca.started()).isTrue();
      assertThatIllegalArgumentException()
          .isThrownBy(() -> wide.add(waves(tensors, 0, 20)))
          .withMessage("9 features cannot have 10 directions");
    }
  }
}
