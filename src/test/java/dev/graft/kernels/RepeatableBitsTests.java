package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
import dev.graft.kernels.TorchContext.RepeatableBits;
import dev.graft.model.ComputePlan;
import dev.graft.model.DeviceMemory;
import dev.graft.model.Execution;
import dev.graft.spec.Precision;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

@Concurrent
class RepeatableBitsTests {
  @AfterEach
  void asItWas() {
    RepeatableBits.off();
  }

  @Test
  void libtorchIsTold() {
    TorchThread.prepare();
    assertThat(RepeatableBits.isOn()).isFalse();
    RepeatableBits.on();
    assertThat(RepeatableBits.isOn()).isTrue();
    RepeatableBits.off();
    assertThat(RepeatableBits.isOn()).isFalse();
  }

  /** There every operation is repeatable. */
  @Test
  void theCpuNeedsNone() {
    DeviceMemory.open(Execution.cpu(Precision.F32, ComputePlan.KEEP)).close();
    assertThat(RepeatableBits.isOn()).isFalse();
  }
}
