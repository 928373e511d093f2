package dev.graft.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.spec.Hyperparameters;
import dev.graft.spec.TrainingSpec;
import dev.graft.text.TokenizedRow;
import dev.graft.training.BatchPlan.StepBatches;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class StepBatchesTests {
  private static final int ROWS = 12;

  /** Whose last row cannot be read, and which says when its third row was. */
  private static final class Read extends AbstractList<TokenizedRow> {
    private final CountDownLatch third = new CountDownLatch(1);

    @Override
    public TokenizedRow get(int row) {
      if (row == 2) third.countDown();
      if (row == ROWS - 1) throw new IllegalArgumentException("row " + row + " is damaged");
      return new TokenizedRow(row + 1, new int[] {row, 1}, new int[] {-100, 1});
    }

    @Override
    public int size() {
      return ROWS;
    }
  }

  @Test
  void theNextStepIsMadeWhileOneIsComputed() throws InterruptedException {
    Read read = new Read();
    try (StepBatches steps = new StepBatches(plan(), new TokenRows.Separate(read), 1)) {
      assertThat(steps.take(0).rows()).containsExactly(new int[] {0, 1});
      assertThat(read.third.await(20, TimeUnit.SECONDS)).as("without being asked for").isTrue();
    }
  }

  @Test
  void theyAreThoseOfThePlanAndAFailureComesWithItsStep() {
    try (StepBatches steps = new StepBatches(plan(), new TokenRows.Separate(new Read()), 1)) {
      List<Integer> seen = new ArrayList<>();
      for (int step = 0; step < 5; step++) {
        StepBatches.Window window = steps.take(step);
        assertThat(window.rows()).usingRecursiveComparison().isEqualTo(plan().window(step));
        window.batches().forEach(each -> seen.add(each.inputIds()[0][0]));
      }
      assertThat(seen).containsExactly(0, 2, 4, 6, 8);
      assertThatThrownBy(() -> steps.take(5)).hasMessage("row 11 is damaged");
      assertThat(steps.take(2).rows()).as("any step may be asked for").hasSize(1);
    }
  }

  private static BatchPlan plan() {
    String spec =
        "{'training':{'train_sampling_strategy':'sequential','per_device_train_batch_size':2,"
            + "'num_train_epochs':1}}";
    Hyperparameters training =
        TrainingSpec.resolve(new JsonMapper().readTree(spec.replace('\'', '"')), null, null, null)
            .training();
    return new BatchPlan(training, 1, new int[ROWS]);
  }
}
