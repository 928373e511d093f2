package dev.graft.jobs.queue;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SmallerMicroBatchTests {
  @ParameterizedTest
  @CsvSource({"8,2,1,4,4", "8,2,0,8,2", "3,2,1,1,6", "2,1,1,1,2"})
  void rowsOfAnOptimiserStepStayTheSame(int rows, int times, int halvings, int less, int more) {
    String halved = SmallerMicroBatch.halved(adapter(rows, times), halvings);
    assertThat(halved).isEqualTo(adapter(less, more));
    assertThat(less * more).isEqualTo(rows * times);
  }

  private static String adapter(int rows, int times) {
    return "{\"training\":{\"per_device_train_batch_size\":%d,\"gradient_accumulation_steps\":%d}}"
        .formatted(rows, times);
  }
}
