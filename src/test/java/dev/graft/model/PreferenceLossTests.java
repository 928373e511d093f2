package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.Concurrent;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.Tensors;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.model.PreferenceLoss.Side;
import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.Preference.Orpo;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@Concurrent
class PreferenceLossTests {
  private static final int[] CHOSEN_TOKENS = {3, 5, 2};
  private static final int[] REJECTED_TOKENS = {4, 5, 7};

  static Stream<Preference> preferences() {
    return Stream.of(
        new Dpo(LossType.SIGMOID, 0.5, 0),
        new Dpo(LossType.SIGMOID, 0.5, 0.1),
        new Dpo(LossType.ROBUST, 0.5, 0.1),
        new Dpo(LossType.HINGE, 0.5, 0),
        new Dpo(LossType.IPO, 0.5, 0),
        new Orpo(0.5));
  }

  private static final double[] REFERENCE = {-4, -6, -3, -5, -5.5, -9};

  private static PreferenceLoss of(Preference preference, double[] chosen, double[] rejected) {
    return PreferenceLoss.of(
        preference,
        new Side(chosen, CHOSEN_TOKENS, Arrays.copyOf(REFERENCE, 3)),
        new Side(rejected, REJECTED_TOKENS, Arrays.copyOfRange(REFERENCE, 3, 6)));
  }

  /**
   * Half of what the kernel gives where the log-probability of each completion is that of one
   * target and that of another, which is 1, and three targets more are part of none.
   */
  private static float[] slopes(Preference preference, double[] chosen, double[] rejected) {
    double[] logps = new double[15];
    Arrays.fill(logps, 1);
    for (int i = 0; i < 3; i++) {
      logps[i] = chosen[i] - 1;
      logps[3 + i] = rejected[i] - 1;
    }
    long[] places = {0, 6, 1, 7, 2, 8, 3, 9, 4, 10, 5, 11};
    double[] tokens =
        IntStream.concat(Arrays.stream(CHOSEN_TOKENS), Arrays.stream(REJECTED_TOKENS))
            .asDoubleStream()
            .toArray();
    double smoothing = preference instanceof Dpo dpo ? dpo.labelSmoothing() : 0;
    String kind =
        preference instanceof Dpo dpo ? dpo.lossType().name().toLowerCase(Locale.ROOT) : "orpo";
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(Device.cpu())) {
      PtNDManager manager = tensors.manager();
      return module
          .call(
              manager,
              "preference_slopes",
              kind,
              manager.create(logps),
              manager.create(places, new Shape(6, 2)),
              tensors.indices(0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 6, 6),
              manager.create(tokens),
              manager.create(REFERENCE),
              tensors.zeros(15),
              new double[] {preference.beta(), smoothing, 1.0 / 3, 0.5})
          .getFirst()
          .toFloatArray();
    }
  }

  @ParameterizedTest
  @MethodSource("preferences")
  void theKernelGivesTheDerivativesOfTheLoss(Preference preference) {
    double[] chosen = {-3.5, -7, -2.8};
    double[] rejected = {-6, -5, -8};
    float[] slopes = slopes(preference, chosen, rejected);
    assertThat(slopes).endsWith(0, 0, 0);
    double h = 1e-5;
    for (int i = 0; i < chosen.length; i++) {
      for (boolean side : new boolean[] {true, false}) {
        double[] up = (side ? chosen : rejected).clone();
        double[] down = up.clone();
        up[i] += h;
        down[i] -= h;
        double more =
            side ? of(preference, up, rejected).loss() : of(preference, chosen, up).loss();
        double less =
            side ? of(preference, down, rejected).loss() : of(preference, chosen, down).loss();
        int completion = side ? i : 3 + i;
        assertThat((double) slopes[completion])
            .isCloseTo((more - less) / (4 * h), within(1e-7))
            .isEqualTo(slopes[6 + completion]);
      }
    }
  }

  /** What TRL's formulas give: log 2 where model and reference agree, 1 of the hinge. */
  @Test
  void atTheReferenceTheLossIsKnown() {
    double[] chosen = {-4, -6, -3};
    double[] rejected = {-5, -5.5, -9};
    assertThat(of(new Dpo(LossType.SIGMOID, 0.1, 0.3), chosen, rejected).loss())
        .isCloseTo(Math.log(2), within(1e-15));
    assertThat(of(new Dpo(LossType.ROBUST, 0.1, 0.3), chosen, rejected).loss())
        .isCloseTo(Math.log(2), within(1e-15));
    assertThat(of(new Dpo(LossType.HINGE, 0.1, 0), chosen, rejected).loss()).isEqualTo(1);
    assertThat(of(new Dpo(LossType.IPO, 0.1, 0), chosen, rejected).loss())
        .isCloseTo(25, within(1e-12));
  }

  @Test
  void theMetricsAreMeansOverThePairs() {
    double[] chosen = {-3, -8, -2};
    double[] rejected = {-5, -5.5, -10};
    Map<String, Double> named =
        of(new Dpo(LossType.SIGMOID, 0.5, 0), chosen, rejected).metrics().named();
    assertThat(named.get("rewards/chosen")).isCloseTo(0, within(1e-12));
    assertThat(named.get("rewards/rejected")).isCloseTo(-0.5 / 3, within(1e-12));
    assertThat(named.get("rewards/margins")).isCloseTo(0.5 / 3, within(1e-12));
    assertThat(named.get("rewards/accuracies")).isCloseTo(2.0 / 3, within(1e-12));
    assertThat(named.get("logps/chosen")).isCloseTo(-13.0 / 3, within(1e-12));
    assertThat(named.get("logps/rejected")).isCloseTo(-20.5 / 3, within(1e-12));
  }

  @ParameterizedTest
  @MethodSource("preferences")
  void farFromTheReferenceNothingOverflows(Preference preference) {
    for (double away : new double[] {-3000, -1e-9}) {
      double[] chosen = {away, -5, -3000};
      double[] rejected = {-3000, away, -5};
      assertThat(of(preference, chosen, rejected).loss()).isFinite();
      for (float each : slopes(preference, chosen, rejected)) assertThat(each).isFinite();
    }
  }
}
