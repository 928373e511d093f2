package dev.graft.training.model.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.spec.Preference;
import dev.graft.spec.Preference.Dpo;
import dev.graft.spec.Preference.LossType;
import dev.graft.spec.Preference.Orpo;
import dev.graft.training.model.loss.PreferenceLoss.Side;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

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

  private static PreferenceLoss of(Preference preference, double[] chosen, double[] rejected) {
    return PreferenceLoss.of(
        preference,
        new Side(chosen, CHOSEN_TOKENS, new double[] {-4, -6, -3}),
        new Side(rejected, REJECTED_TOKENS, new double[] {-5, -5.5, -9}));
  }

  @ParameterizedTest
  @MethodSource("preferences")
  void theCoefficientsAreTheDerivativesOfTheLoss(Preference preference) {
    double[] chosen = {-3.5, -7, -2.8};
    double[] rejected = {-6, -5, -8};
    PreferenceLoss loss = of(preference, chosen, rejected);
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
        assertThat((side ? loss.chosen() : loss.rejected())[i])
            .isCloseTo((more - less) / (2 * h), within(1e-8));
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
      PreferenceLoss loss =
          of(preference, new double[] {away, -5, -3000}, new double[] {-3000, away, -5});
      assertThat(loss.loss()).isFinite();
      for (double each : loss.chosen()) assertThat(each).isFinite();
      for (double each : loss.rejected()) assertThat(each).isFinite();
    }
  }
}
