package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.spec.Precision;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Training in f16, whose largest number is 65,504 and whose smallest is 6e-8. */
@Concurrent
class LossScaleTests {
  private static final Path LLAMA = Path.of("src/test/resources/parity/models/llama-tied");
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 0);
  private static final AdapterMethod LORA = new Lora(4, 8, 0, new TargetModules.AllLinear());
  private static final int[][] IDS = {new SplittableRandom(1).ints(9, 3, 97).toArray()};
  private static final MicroBatch.TokenBatch ROWS = new MicroBatch.TokenBatch(IDS, IDS);

  @Test
  void itDoublesAfterTwoThousandUpdatesAndIsHalvedDownToOne() {
    scale(
        Precision.F16,
        scale -> {
          assertThat(scale.value()).isEqualTo(65_536);
          for (int i = 0; i < 1_999; i++) scale.updated();
          assertThat(scale.value()).isEqualTo(65_536);
          scale.updated();
          assertThat(scale.value()).isEqualTo(131_072);
          for (int i = 0; i < 1_999; i++) scale.updated();
          assertThat(scale.lower()).isTrue();
          scale.updated(); // the count began again
          assertThat(scale.value()).isEqualTo(65_536);
          for (int i = 0; i < 16; i++) assertThat(scale.lower()).isTrue();
          assertThat(scale.lower()).isFalse();
          assertThat(scale.value()).isEqualTo(1);
        });
  }

  @Test
  void otherTypesHaveNone() {
    scale(
        Precision.BF16,
        scale -> {
          for (int i = 0; i < 5_000; i++) scale.updated();
          assertThat(scale.value()).isEqualTo(1);
          assertThat(scale.lower()).isFalse();
          assertThat(scale.state()).isEmpty();
        });
  }

  private static void scale(Precision precision, Consumer<LossScale> test) {
    try (DeviceMemory memory = DeviceMemory.open(Execution.cpu(precision, ComputePlan.KEEP))) {
      test.accept(LossScale.of(memory, precision));
    }
  }

  /** The gradient of one trained token of many is 0 in f16 without it. */
  @Test
  void smallGradientsAreNotLost() {
    double divisor = 1e8;
    double expected = norm(Precision.F32, divisor);
    assertThat(norm(Precision.F16, divisor)).isCloseTo(expected, within(0.02 * expected));
    assertThat(expected).isPositive();
  }

  private static double norm(Precision precision, double divisor) {
    double[] norm = new double[1];
    model(
        precision,
        model -> {
          model.accumulate(ROWS, divisor, 1);
          norm[0] = model.update(0);
        });
    return norm[0];
  }

  @Test
  void gradientsThatOverflowAreMadeAgainHalfAsLarge() {
    model(
        Precision.F16,
        model -> {
          double divisor = 1e-3; // a thousand times too large
          int lowered = 0;
          double norm = Double.NaN;
          while (Double.isNaN(norm)) {
            assertThat(model.accumulate(ROWS, divisor, 1).sum()).isFinite();
            try {
              norm = model.update(0);
            } catch (TrainableModel.NonfiniteGradients overflow) {
              assertThat(model.lowerLossScale()).isTrue();
              model.discard();
              lowered++;
            }
          }
          assertThat(lowered).isBetween(5, 16);
          double expected = norm(Precision.F32, divisor);
          assertThat(norm).isCloseTo(expected, within(0.02 * expected));
        });
  }

  @Test
  void aCheckpointRemembersIt() {
    List<List<NamedTensor>> saved = new ArrayList<>();
    model(
        Precision.F16,
        model -> {
          model.accumulate(ROWS, 1_000, 1);
          model.update(1e-3);
          for (int i = 0; i < 16; i++) assertThat(model.lowerLossScale()).isTrue();
          saved.add(copies(model.trained()));
          saved.add(copies(model.optimizerState()));
        });
    model(
        Precision.F16,
        model -> {
          model.restore(saved.get(0), saved.get(1), 1);
          assertThat(model.lowerLossScale()).isFalse(); // it is 1, as it was
        });
  }

  private static List<NamedTensor> copies(List<NamedTensor> tensors) {
    return tensors.stream()
        .map(each -> NamedTensor.of(each.name(), each.toFloats(), each.shape()))
        .toList();
  }

  @Test
  void otherTypesEndAsTheyDid() {
    model(
        Precision.F32,
        model -> {
          model.accumulate(ROWS, Double.MIN_NORMAL, 1);
          assertThatExceptionOfType(TrainableModel.NonfiniteGradients.class)
              .isThrownBy(() -> model.update(1));
          assertThat(model.lowerLossScale()).isFalse();
        });
  }

  private static void model(Precision precision, Consumer<TrainableModel> test) {
    Execution here = Execution.cpu(precision, ComputePlan.KEEP);
    try (ModelDirectory base = ModelDirectory.open(LLAMA);
        TrainableModel model =
            TrainableModel.load(base, new TrainingSetup(LORA, ADAMW, here, 42))) {
      test.accept(model);
    }
  }
}
