package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.Concurrent;
import dev.graft.kernels.Kernels;
import dev.graft.kernels.Tensors;
import dev.graft.kernels.TorchScriptModule;
import dev.graft.weights.Task;
import dev.graft.weights.Task.Problem;
import dev.graft.weights.Task.SequenceClassification;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Concurrent
class LabelLossTests {
  private static final float[] LOGITS = {0.5f, -1.25f, 2, -0.25f, 0.75f, 0.125f};

  private static double[][] labels(Problem problem) {
    return switch (problem) {
      case SINGLE_LABEL_CLASSIFICATION -> new double[][] {{2}, {0}};
      case MULTI_LABEL_CLASSIFICATION -> new double[][] {{1, 0, 1}, {0, 0, 1}};
      case REGRESSION -> new double[][] {{0.1, -3, 2}, {5, 0, 1}};
    };
  }

  @ParameterizedTest
  @EnumSource
  void theGradientIsTheSlopeOfTheLoss(Problem problem) {
    double[][] labels = labels(problem);
    float[] gradient = gradient(problem, LOGITS, labels);
    for (int i = 0; i < LOGITS.length; i++) {
      float[] up = LOGITS.clone();
      float[] down = LOGITS.clone();
      up[i] += 0x1p-10f;
      down[i] -= 0x1p-10f;
      double slope =
          LabelLoss.of(problem, up, labels).sum() - LabelLoss.of(problem, down, labels).sum();
      assertThat((double) gradient[i]).isCloseTo(slope / 0x1p-9 / 8, within(1e-6));
    }
  }

  /** An eighth of it. */
  private static float[] gradient(Problem problem, float[] logits, double[][] labels) {
    long outputs = logits.length / labels.length;
    double[] all = Arrays.stream(labels).flatMapToDouble(Arrays::stream).toArray();
    try (Tensors tensors = new Tensors();
        TorchScriptModule module = Kernels.load(Device.cpu())) {
      PtNDManager manager = tensors.manager();
      NDArray sent =
          problem == Problem.SINGLE_LABEL_CLASSIFICATION
              ? tensors.indices(Arrays.stream(all).mapToLong(each -> (long) each).toArray())
              : manager.create(all, new Shape(labels.length, outputs));
      NDArray scores = manager.create(logits, new Shape(labels.length, outputs));
      return module
          .call(manager, "label_gradient", problem.wireName(), scores, sent, 0.125)
          .getFirst()
          .toFloatArray();
    }
  }

  @Test
  void lossesAreThoseOfPyTorchSummed() {
    // F.cross_entropy, F.binary_cross_entropy_with_logits and F.mse_loss with reduction "sum"
    assertThat(sum(Problem.SINGLE_LABEL_CLASSIFICATION))
        .isCloseTo(1.8761275937369837, within(1e-9));
    assertThat(sum(Problem.MULTI_LABEL_CLASSIFICATION)).isCloseTo(3.198343537879365, within(1e-9));
    assertThat(sum(Problem.REGRESSION)).isCloseTo(32.113125, within(1e-9));
  }

  private static double sum(Problem problem) {
    return LabelLoss.of(problem, LOGITS, labels(problem)).sum();
  }

  @Test
  void hugeLogitsStayFinite() {
    float[] huge = {1e30f, -1e30f, 0};
    for (Problem problem : Problem.values()) {
      double[][] one = {labels(problem)[1]};
      assertThat(LabelLoss.of(problem, huge, one).sum()).isFinite();
      assertThat(gradient(problem, huge, one)).doesNotContain(Float.NaN);
    }
  }

  @Test
  void whatIsRightIsCountedByRowOrByOutput() {
    assertThat(LabelLoss.of(Problem.SINGLE_LABEL_CLASSIFICATION, LOGITS, new double[][] {{2}, {0}}))
        .satisfies(loss -> assertThat(loss.correct()).isEqualTo(1))
        .satisfies(loss -> assertThat(loss.tokens()).isEqualTo(2));
    double[][] several = {{1, 0, 0}, {0, 1, 0}};
    assertThat(LabelLoss.of(Problem.MULTI_LABEL_CLASSIFICATION, LOGITS, several))
        .satisfies(loss -> assertThat(loss.correct()).isEqualTo(4))
        .satisfies(loss -> assertThat(loss.tokens()).isEqualTo(6));
    assertThat(LabelLoss.of(Problem.REGRESSION, LOGITS, several).tokens()).isEqualTo(6);
  }

  @Test
  void labelsThatDoNotFitTheHeadAreRefused() {
    SequenceClassification three =
        SequenceClassification.unnamed(3, Problem.SINGLE_LABEL_CLASSIFICATION);
    assertThatThrownBy(() -> fit(three, new double[][] {{3}})).hasMessageContaining("one of 3");
    assertThatThrownBy(() -> fit(three, new double[][] {{-1}})).hasMessageContaining("one of 3");
    assertThatThrownBy(() -> fit(three, new double[][] {{0.5}})).hasMessageContaining("one of 3");
    assertThatThrownBy(() -> fit(three, new double[][] {{0, 1}})).hasMessageContaining("2 labels");
    SequenceClassification several =
        SequenceClassification.unnamed(3, Problem.MULTI_LABEL_CLASSIFICATION);
    assertThatThrownBy(() -> fit(several, new double[][] {{1}})).hasMessageContaining("1 labels");
  }

  private static void fit(Task.SequenceClassification head, double[][] labels) {
    LabelLoss.requireFitting(head, labels, labels.length);
  }
}
