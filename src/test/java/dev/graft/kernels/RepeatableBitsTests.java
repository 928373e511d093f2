package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.Concurrent;
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
    TorchContext.repeatBits(false);
  }

  @Test
  void libtorchIsTold() {
    TorchThread.prepare();
    assertThat(TorchContext.repeatsBits()).isFalse();
    TorchContext.repeatBits();
    assertThat(TorchContext.repeatsBits()).isTrue();
    TorchContext.repeatBits(false);
    assertThat(TorchContext.repeatsBits()).isFalse();
  }

  /** There every operation is repeatable. */
  @Test
  void theCpuNeedsNone() {
    DeviceMemory.open(Execution.cpu(Precision.F32, ComputePlan.KEEP)).close();
    assertThat(TorchContext.repeatsBits()).isFalse();
  }
}
