package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.graft.Concurrent;
import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.PendingLoss.TokenLoss;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.AdapterMethod.TargetModules;
import dev.graft.spec.Lora;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.NamedTensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Concurrent
class TrainableModelTests {
  private static final Path BASE = Path.of("src/test/resources/parity/models/llama");
  private static final AdapterMethod LORA = lora(0);
  private static final AdamW ADAMW = new AdamW(0.9, 0.999, 1e-8, 0.01, AdamW.Decay.TRAINER, 1);

  private static AdapterMethod lora(double dropout) {
    return new Lora(4, 8, dropout, new TargetModules.AllLinear());
  }

  private static TrainableModel load(AdapterMethod method, ComputePlan plan) {
    try (ModelDirectory base = ModelDirectory.open(BASE)) {
      return TrainableModel.load(base, method, ADAMW, plan, 42);
    }
  }

  /** Rows of different lengths. */
  private static TokenBatch rows(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int[][] ids = new int[3][];
    for (int r = 0; r < ids.length; r++) {
      ids[r] = random.ints(5 + 3L * r, 3, 97).toArray();
    }
    return new TokenBatch(ids, ids);
  }

  private static double step(TrainableModel model, long seed) {
    TokenBatch rows = rows(seed);
    TokenLoss loss = model.accumulate(rows, rows.targets(), seed);
    model.update(1e-2);
    return loss.mean();
  }

  private static List<byte[]> bytes(List<NamedTensor> tensors) {
    return tensors.stream().map(NamedTensor::toBytes).toList();
  }

  @Test
  void trainingMovesEveryTrainedTensorAndLowersTheLoss() {
    try (TrainableModel model = load(LORA, ComputePlan.KEEP)) {
      List<byte[]> before = bytes(model.trained());
      double first = step(model, 1);
      for (int i = 0; i < 30; i++) step(model, 1);
      List<byte[]> after = bytes(model.trained());
      for (int i = 0; i < before.size(); i++) {
        assertThat(after.get(i)).as(model.trained().get(i).name()).isNotEqualTo(before.get(i));
      }
      assertThat(step(model, 1)).isLessThan(0.8 * first);
    }
  }

  @Test
  void fullTrainingMovesEveryTensorOfTheBase() {
    try (TrainableModel model = load(new AdapterMethod.Full(), ComputePlan.KEEP)) {
      List<byte[]> before = bytes(model.trained());
      step(model, 1);
      List<byte[]> after = bytes(model.trained());
      for (int i = 0; i < before.size(); i++) {
        assertThat(after.get(i)).as(model.trained().get(i).name()).isNotEqualTo(before.get(i));
      }
    }
  }

  /** All tensors of a whole model together are more than the trainer's heap holds. */
  @Test
  void theTensorsOfAWholeModelAreCopiedOnlyWhenTheyAreAskedFor() {
    AdapterMethod full = new AdapterMethod.Full();
    try (TrainableModel model = load(full, ComputePlan.KEEP)) {
      List<List<NamedTensor>> lists =
          List.of(
              model.trained(), model.saved(), model.result(full).tensors(), model.optimizerState());
      List<List<byte[]>> before = lists.stream().map(TrainableModelTests::bytes).toList();
      step(model, 1);
      for (int i = 0; i < lists.size(); i++) {
        assertThat(bytes(lists.get(i)).getFirst()).isNotEqualTo(before.get(i).getFirst());
      }
    }
  }

  @Test
  void aRestoredModelGoesOnBitByBit() {
    List<NamedTensor> trained;
    List<NamedTensor> state;
    List<byte[]> uninterrupted;
    try (TrainableModel model = load(lora(0.1), ComputePlan.KEEP)) {
      for (int i = 0; i < 3; i++) step(model, i);
      trained = model.trained().stream().map(NamedTensor::inMemory).toList();
      state = model.optimizerState().stream().map(NamedTensor::inMemory).toList();
      for (int i = 3; i < 6; i++) step(model, i);
      uninterrupted = bytes(model.trained());
    }
    try (TrainableModel model = load(lora(0.1), ComputePlan.KEEP)) {
      step(model, 99);
      model.restore(trained, state, 3);
      assertThat(model.updates()).isEqualTo(3);
      for (int i = 3; i < 6; i++) step(model, i);
      List<byte[]> resumed = bytes(model.trained());
      for (int i = 0; i < resumed.size(); i++) {
        assertThat(resumed.get(i)).isEqualTo(uninterrupted.get(i));
      }
    }
  }

  @Test
  void theStartIsAFunctionOfSeedAndName() {
    try (TrainableModel one = load(LORA, ComputePlan.KEEP);
        TrainableModel two = load(LORA, new ComputePlan(ComputePlan.Kind.RECOMPUTE))) {
      List<byte[]> first = bytes(one.trained());
      List<byte[]> second = bytes(two.trained());
      for (int i = 0; i < first.size(); i++) assertThat(first.get(i)).isEqualTo(second.get(i));
      assertThat(first.get(0)).isNotEqualTo(first.get(2));
      assertThat(first.get(1)).containsOnly(0);
    }
  }

  @ParameterizedTest
  @EnumSource(ComputePlan.Kind.class)
  void equalDropoutSeedsGiveEqualMasksUnderEveryPlan(ComputePlan.Kind kind) {
    try (TrainableModel keep = load(lora(0.5), ComputePlan.KEEP);
        TrainableModel other = load(lora(0.5), new ComputePlan(kind))) {
      for (int i = 0; i < 3; i++) {
        assertThat(step(other, i)).isCloseTo(step(keep, i), within(1e-5));
      }
      TokenBatch rows = rows(1);
      double once = keep.accumulate(rows, 1, 1).sum();
      assertThat(keep.accumulate(rows, 1, 1).sum()).isEqualTo(once);
      assertThat(keep.accumulate(rows, 1, 2).sum()).isNotEqualTo(once);
      assertThat(keep.evaluate(rows).sum()).isEqualTo(keep.evaluate(rows).sum());
    }
  }

  @Test
  void fiftyStepsLeaveNoArrayBehind() {
    try (ModelDirectory base = ModelDirectory.open(BASE);
        TrainableModel model = TrainableModel.load(base, LORA, ADAMW, ComputePlan.KEEP, 42)) {
      DeviceMemory memory = ((TrainableTransformer) model).memory();
      step(model, 0);
      int arrays = memory.liveArrays();
      for (int i = 1; i < 50; i++) {
        step(model, i);
        model.evaluate(rows(i));
        model.logits(rows(i).inputIds());
      }
      assertThat(memory.liveArrays()).isEqualTo(arrays);
    }
  }

  @Test
  void evaluationIsTheLossOfTraining() {
    try (TrainableModel model = load(LORA, new ComputePlan(ComputePlan.Kind.KEEP, 2, 2))) {
      TokenLoss training = model.accumulate(rows(1), 1, 0);
      TokenLoss evaluation = model.evaluate(rows(1));
      assertThat(evaluation.sum()).isCloseTo(training.sum(), within(1e-4));
      assertThat(evaluation.tokens()).isEqualTo(training.tokens()).isEqualTo(rows(1).targets());
      assertThat(evaluation.correct()).isEqualTo(training.correct());
    }
  }

  @Test
  void aMicroBatchWithoutTargetsAddsNothing() {
    TokenBatch rows = rows(1);
    int[][] ignored = new int[3][];
    for (int r = 0; r < 3; r++) {
      ignored[r] = new int[rows.labels()[r].length];
      Arrays.fill(ignored[r], TokenBatch.IGNORE);
    }
    try (TrainableModel model = load(LORA, ComputePlan.KEEP)) {
      TokenBatch empty = new TokenBatch(rows.inputIds(), ignored);
      assertThat(model.accumulate(empty, 1, 0)).isEqualTo(TokenLoss.ZERO);
      assertThat(model.update(1e-2)).isZero();
    }
  }

  @Test
  void whatDoesNotFitIsSaid() {
    try (TrainableModel model = load(LORA, ComputePlan.KEEP)) {
      int[][] outside = {{1, 97}};
      assertThatThrownBy(() -> model.evaluate(new TokenBatch(outside, outside)))
          .hasMessageContaining("token id 97")
          .hasMessageContaining("vocabulary of 97");
      List<NamedTensor> missing = new ArrayList<>(model.trained());
      NamedTensor last = missing.removeLast();
      assertThatThrownBy(() -> model.load(missing)).hasMessageContaining(last.name());
    }
    AdapterMethod wrong = new Lora(4, 8, 0, new TargetModules.Names(List.of("qkv")));
    assertThatThrownBy(() -> load(wrong, ComputePlan.KEEP)).hasMessageContaining("qkv");
  }

  @Test
  void gradientsThatAreNotFiniteStopTheRunBeforeTheyDoHarm() {
    try (TrainableModel model = load(LORA, ComputePlan.KEEP)) {
      List<byte[]> before = bytes(model.trained());
      TokenBatch rows = rows(1);
      model.accumulate(rows, 1e-37, 0);
      assertThatThrownBy(() -> model.update(1e-2)).hasMessageContaining("not finite");
      List<byte[]> after = bytes(model.trained());
      for (int i = 0; i < before.size(); i++) assertThat(after.get(i)).isEqualTo(before.get(i));
      model.discard();
      model.accumulate(rows, rows.targets(), 0);
      model.update(1e-2);
      try (TrainableModel other = load(LORA, ComputePlan.KEEP)) {
        other.accumulate(rows, rows.targets(), 0);
        other.update(1e-2);
        List<byte[]> expected = bytes(other.trained());
        List<byte[]> trained = bytes(model.trained());
        for (int i = 0; i < expected.size(); i++) {
          assertThat(trained.get(i)).as("as if it had not been").isEqualTo(expected.get(i));
        }
      }
    }
  }
}
