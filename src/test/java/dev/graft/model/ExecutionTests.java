package dev.graft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.pytorch.jni.JniUtils;
import dev.graft.Concurrent;
import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import dev.graft.kernels.TorchContext;
import dev.graft.spec.Precision;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Concurrent
class ExecutionTests {
  private static Execution on(String device, int threads) {
    return new Execution(device, Precision.F32, ComputePlan.KEEP, threads);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "CPU", "cuda", "cuda:99", "gpu0"})
  void aDeviceThatIsNotThereIsRefusedAndNoOtherTaken(String device) {
    assertThatThrownBy(() -> DeviceMemory.open(on(device, 0)))
        .isInstanceOf(DeviceUnavailable.class)
        .hasMessageContaining(device)
        .hasMessageContaining("cpu");
  }

  @Test
  void everyDeviceOfTheMachineOpens() {
    for (String device : TorchContext.devices()) {
      try (DeviceMemory memory = DeviceMemory.open(on(device, 0))) {
        assertThat(memory.zeros(1).getDevice()).isEqualTo(TorchContext.device(device));
      }
    }
  }

  @Test
  void theNewestNumberOfThreadsHolds() {
    DeviceMemory.open(on("cpu", 1)).close();
    DeviceMemory.open(on("cpu", 0)).close();
    assertThat(JniUtils.getNumThreads()).isEqualTo(1);
    int all = Runtime.getRuntime().availableProcessors();
    DeviceMemory.open(on("cpu", all)).close();
    assertThat(JniUtils.getNumThreads()).isEqualTo(all);
  }
}
