package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.Assertions.within;

import dev.graft.weights.Task.Problem;
import dev.graft.weights.Task.SequenceClassification;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Expected numbers are counted by hand from the definitions. */
class LabelMetricsTests {
  @Test
  void oneLabelIsRightWhereItsLogitIsTheLargest() {
    LabelMetrics metrics = metrics(4, Problem.SINGLE_LABEL_CLASSIFICATION);
    metrics.add(new float[] {2, 1, 0, -1}, new double[] {0});
    metrics.add(new float[] {2, 1, 0, -1}, new double[] {1});
    metrics.add(new float[] {0, 1, 0, -1}, new double[] {1});
    metrics.add(new float[] {0, 1, 5, -1}, new double[] {2});
    // class 0: 1 of 2 predicted, 1 of 1 found; class 1: 1 of 1, 1 of 2; class 2: whole; 3: nowhere
    assertThat(metrics.named())
        .containsExactly(entry("accuracy", 0.75), entry("f1_macro", (2.0 / 3 + 2.0 / 3 + 1) / 3));
  }

  @Test
  void severalLabelsAreCountedOneByOneAndAsWholeRows() {
    LabelMetrics metrics = metrics(3, Problem.MULTI_LABEL_CLASSIFICATION);
    metrics.add(new float[] {1, -1, -1}, new double[] {1, 0, 0});
    metrics.add(new float[] {1, 1, -1}, new double[] {1, 0, 0});
    metrics.add(new float[] {-1, -1, -1}, new double[] {0, 1, 0});
    assertThat(metrics.named())
        .containsExactly(
            entry("accuracy", 1.0 / 3),
            entry("f1_micro", 2.0 * 2 / (3 + 3)),
            entry("f1_macro", 1.0 / 3));
  }

  @Test
  void numbersAreMeasuredByDistanceAndCorrelation() {
    LabelMetrics metrics = metrics(1, Problem.REGRESSION);
    metrics.add(new float[] {1}, new double[] {2});
    metrics.add(new float[] {2}, new double[] {4});
    metrics.add(new float[] {3}, new double[] {3});
    Map<String, Double> named = metrics.named();
    assertThat(named.get("mse")).isEqualTo(5.0 / 3);
    assertThat(named.get("mae")).isEqualTo(1);
    assertThat(named.get("pearson")).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void whatCannotBeMeasuredIsLeftOut() {
    LabelMetrics metrics = metrics(1, Problem.REGRESSION);
    assertThat(metrics.named()).isEmpty();
    metrics.add(new float[] {1}, new double[] {1});
    assertThat(metrics.named()).containsExactly(entry("mse", 0.0), entry("mae", 0.0));
  }

  private static LabelMetrics metrics(int outputs, Problem problem) {
    return new LabelMetrics(SequenceClassification.unnamed(outputs, problem));
  }
}
