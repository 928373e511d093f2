package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import dev.graft.Concurrent;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

/** The noise of NEFTune, which no golden run can see. */
@Concurrent
class NoiseTests {
  private static final int FEATURES = 64;
  private static final int TOKENS = 40;
  private static final int ROWS = 20;

  private static final String METHOD =
      """
        def noisy(self: __torch__.Model, x: Tensor, alpha: float, width: Tensor, joined: Tensor, virtual: int, among: Tensor) -> Tensor:
          return __torch__.ops.noise.add(x, alpha, width, joined, virtual, among)
      """;

  /** Noise on zeros of 20 rows with 40 tokens of 64 features. */
  private static double[] noise(double alpha, int virtual, int seed) {
    try (Tensors f64 = new Tensors();
        TorchScriptModule module = Kernels.load(METHOD, Device.cpu())) {
      PtNDArray x = f64.zeros(ROWS * TOKENS, FEATURES);
      PtNDArray width = (PtNDArray) f64.manager().create((float) (TOKENS - virtual));
      long[] joined = new long[virtual == 0 ? 0 : ROWS * TOKENS];
      int real = virtual;
      for (int i = 0; i < joined.length; i++) {
        joined[i] = i % TOKENS < virtual ? i % TOKENS : real++;
      }
      JniUtils.setSeed(seed);
      double[] noise =
          module
              .call(
                  f64.manager(),
                  "noisy",
                  x,
                  alpha,
                  width,
                  f64.indices(joined),
                  (long) virtual,
                  f64.indices())
              .getFirst()
              .toDoubleArray();
      assertThat(x.toDoubleArray()).containsOnly(0);
      return noise;
    }
  }

  @Test
  void itIsUniformWithinAlphaOverTheRootOfTheRowsElements() {
    double bound = 5 / Math.sqrt(TOKENS * FEATURES);
    double[] noise = noise(5, 0, 1);
    assertThat(DoubleStream.of(noise).map(Math::abs).max().orElseThrow())
        .isBetween(0.999 * bound, bound);
    double error = 4 * bound / Math.sqrt(noise.length);
    assertThat(Arrays.stream(noise).average().orElseThrow()).isCloseTo(0, within(error));
    for (int quarter = -2; quarter < 2; quarter++) {
      double from = quarter * bound / 2;
      long inside = Arrays.stream(noise).filter(e -> e >= from && e < from + bound / 2).count();
      assertThat(inside / (double) noise.length).isCloseTo(0.25, within(0.01));
    }
  }

  @Test
  void everyTokenOfEveryRowHasItsOwn() {
    double[] noise = noise(5, 0, 1);
    assertThat(Arrays.stream(noise).distinct().count()).isGreaterThan(noise.length - 10);
    assertThat(noise(5, 0, 1)).containsExactly(noise);
    assertThat(noise(5, 0, 2)).isNotEqualTo(noise);
  }

  @Test
  void virtualTokensHaveNoneAndDoNotCount() {
    int virtual = 30;
    double[] noise = noise(5, virtual, 1);
    double bound = 5 / Math.sqrt((TOKENS - virtual) * FEATURES);
    double largest = 0;
    for (int i = 0; i < noise.length; i++) {
      if (i / FEATURES % TOKENS < virtual) assertThat(noise[i]).isZero();
      else largest = Math.max(largest, Math.abs(noise[i]));
    }
    assertThat(largest).isBetween(0.999 * bound, bound);
  }
}
