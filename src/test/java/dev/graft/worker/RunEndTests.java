package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure;
import dev.graft.jobs.lease.LeaseProtocol.TrainingFailure.Kind;
import dev.graft.training.TrainerExit;
import dev.graft.training.TrainingEvent;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RunEndTests {
  private static final int KILLED = 137;
  private static final int TERMINATED = 143;

  @Test
  void aTrainerThatTheKernelKilledForMemoryRanOutOfIt() {
    TrainingFailure failure = failure(KILLED, null, true);
    assertThat(failure.kind()).isEqualTo(Kind.OUT_OF_MEMORY);
    assertThat(failure.message()).contains("ran out of memory").contains("kernel");
    assertThat(failure.hint()).contains("per_device_train_batch_size");
  }

  @Test
  void oneThatSomebodyKilledIsALostOne() {
    assertThat(failure(KILLED, null, false).kind()).isEqualTo(Kind.WORKER_LOST);
    assertThat(failure(TERMINATED, null, true).kind()).isEqualTo(Kind.WORKER_LOST);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 134, 139, 255})
  void anotherProcessThatTheKernelKilledMeanwhileChangesNothing(int status) {
    assertThat(failure(status, null, true).kind()).isEqualTo(Kind.TRANSIENT);
    assertThat(RunEnd.failure(TrainerExit.DONE.status(), null, true)).isNull();
  }

  @Test
  void theJavaHeapIsNotTheDevice() {
    int status = TrainerExit.OUT_OF_MEMORY.status();
    TrainingFailure heap = failure(status, null, false);
    assertThat(heap.kind()).isEqualTo(Kind.OUT_OF_MEMORY);
    assertThat(heap.message()).contains("Java heap");
    assertThat(heap.hint()).contains("graft.worker.heap");
    var said = new TrainingEvent.Failed(TrainerExit.OUT_OF_MEMORY, "the device is full", null);
    TrainingFailure device = failure(status, said, false);
    assertThat(device.message()).isEqualTo("the device is full");
    assertThat(device.hint()).isEqualTo(Kind.OUT_OF_MEMORY.hint());
  }

  private static TrainingFailure failure(
      int status, TrainingEvent.@Nullable Failed said, boolean memoryRanOut) {
    return Objects.requireNonNull(RunEnd.failure(status, said, memoryRanOut));
  }
}
