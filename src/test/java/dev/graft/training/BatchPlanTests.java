package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.model.SplitMix64;
import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.json.JsonMapper;

/** Expected windows are those of transformers' Trainer, in sequential order. */
class BatchPlanTests {
  @Test
  void shortWindowAtTheEndOfAnEpochIsAStep() {
    BatchPlan plan = plan("sequential", 2, 3, 2, 0, false, new int[11]);
    assertThat(plan.totalSteps()).isEqualTo(4);
    assertThat(flat(plan.window(0))).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(plan.window(1)).hasSize(3);
    assertThat(plan.window(1).getLast()).containsExactly(10);
    assertThat(flat(plan.window(2))).containsExactly(0, 1, 2, 3, 4, 5);
    assertThat(plan.epochs(1)).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void fractionsOfAnEpochRoundUp() {
    BatchPlan plan = plan("sequential", 1, 2, 1.5, 0, false, new int[5]);
    assertThat(plan.totalSteps()).isEqualTo(5);
    assertThat(plan.window(2)).hasSize(1);
    assertThat(plan.epochs(1)).isCloseTo(0.4, within(1e-12));
    assertThat(plan.epochs(3)).isEqualTo(1);
    assertThat(plan.epochs(5)).isCloseTo(1.8, within(1e-12));
  }

  @Test
  void lastBatchIsDroppedWhereAskedAndStepsWinOverEpochs() {
    assertThat(plan("sequential", 2, 3, 2, 0, true, new int[11]).window(1)).hasSize(2);
    assertThat(plan("sequential", 2, 3, 9, 5, false, new int[11]).totalSteps()).isEqualTo(5);
    assertThat(plan("sequential", 8, 1, 2, 0, true, new int[3]).totalSteps()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Hyperparameters.SamplingStrategy.class)
  void everyEpochHasEveryRowOnceWhereverOneBegins(Hyperparameters.SamplingStrategy strategy) {
    int[] lengths = IntStream.range(0, 101).map(i -> (i * 37) % 50).toArray();
    String name = strategy.name().toLowerCase(java.util.Locale.ROOT);
    BatchPlan plan = plan(name, 3, 2, 4, 0, false, lengths);
    for (int epoch = 0; epoch < 3; epoch++) {
      int[] seen =
          IntStream.range(epoch * 17, (epoch + 1) * 17)
              .flatMap(step -> Arrays.stream(flat(plan.window(step))))
              .sorted()
              .toArray();
      assertThat(seen).containsExactly(IntStream.range(0, 101).toArray());
    }
    BatchPlan fresh = plan(name, 3, 2, 4, 0, false, lengths);
    assertThat(flat(fresh.window(40))).containsExactly(flat(plan.window(40)));
  }

  @Test
  void epochsAndSeedsDifferInTheirRandomOrder() {
    BatchPlan plan = plan("random", 4, 1, 2, 0, false, new int[40]);
    assertThat(flat(plan.window(0))).isNotEqualTo(flat(plan.window(10)));
    assertThat(new SplitMix64(1, 0).next()).isNotEqualTo(new SplitMix64(0, 1).next());
  }

  /** What {@code engines/ray} has to find too: the same numbers are in its tests. */
  @Test
  void theOrderOfASeedIsKnownToOtherTrainers() {
    int[] lengths = IntStream.range(0, 11).map(i -> 3 + i * 7 % 11).toArray();
    BatchPlan random = plan("random", 2, 2, 3, 0, false, lengths);
    assertThat(random.window(0)).containsExactly(new int[] {4, 0}, new int[] {6, 9});
    assertThat(random.window(5)).containsExactly(new int[] {5, 2}, new int[] {8});
    BatchPlan grouped = plan("group_by_length", 2, 2, 3, 0, false, lengths);
    assertThat(grouped.window(1)).containsExactly(new int[] {1, 7}, new int[] {10, 5});
    assertThat(grouped.window(3)).containsExactly(new int[] {3, 1}, new int[] {7, 10});
  }

  @Test
  void groupsByLengthBeginWithTheLongestRow() {
    int[] lengths = IntStream.range(0, 64).map(i -> 1 + (i * 29) % 64).toArray();
    BatchPlan plan = plan("group_by_length", 4, 1, 1, 0, false, lengths);
    assertThat(lengths[plan.window(0).getFirst()[0]]).isEqualTo(64);
    int padding = 0;
    for (int step = 0; step < 16; step++) {
      int[] batch = Arrays.stream(flat(plan.window(step))).map(row -> lengths[row]).toArray();
      int longest = Arrays.stream(batch).max().orElseThrow();
      padding += Arrays.stream(batch).map(length -> longest - length).sum();
    }
    assertThat(padding).isLessThan(64 * 12);
  }

  static int[] flat(List<int[]> window) {
    return window.stream().flatMapToInt(Arrays::stream).toArray();
  }

  private static BatchPlan plan(
      String strategy,
      int batch,
      int accumulation,
      double epochs,
      int maxSteps,
      boolean dropLast,
      int[] lengths) {
    String adapter =
        """
        {"training": {"train_sampling_strategy": "%s", "per_device_train_batch_size": %d,
         "gradient_accumulation_steps": %d, "num_train_epochs": %s, "max_steps": %d,
         "dataloader_drop_last": %s}}\
        """
            .formatted(strategy, batch, accumulation, epochs, maxSteps, dropLast);
    Hyperparameters training =
        TrainingSpec.resolve(new JsonMapper().readTree(adapter), null, null, null).training();
    return new BatchPlan(training, 42, lengths);
  }
}
