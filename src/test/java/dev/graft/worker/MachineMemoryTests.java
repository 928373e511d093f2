package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.util.unit.DataSize;

class MachineMemoryTests {
  private static final long GB = 1L << 30;

  @Test
  void processorsShareWhatTheMachineHasLessAnEighth() {
    assertThat(MachineMemory.devices(List.of("cpu"), null, 16 * GB))
        .containsExactly(new Device("cpu", 14 * GB));
    assertThat(MachineMemory.devices(List.of("cpu", "cpu"), null, 16 * GB))
        .containsExactly(new Device("cpu", 7 * GB), new Device("cpu", 7 * GB));
    assertThat(MachineMemory.devices(List.of("cpu"), null, 2 * GB))
        .containsExactly(new Device("cpu", 2 * GB - GB / 2));
    assertThat(MachineMemory.devices(List.of("cpu"), null, 1))
        .containsExactly(new Device("cpu", 1L));
  }

  @Test
  void anotherDeviceIsKnownByTheSettingOnlyWhichWins() {
    assertThat(MachineMemory.devices(List.of("cuda:0"), null, 16 * GB))
        .containsExactly(new Device("cuda:0", null));
    assertThat(MachineMemory.devices(List.of("cpu", "cuda:0"), 3 * GB, 16 * GB))
        .containsExactly(new Device("cpu", 3 * GB), new Device("cuda:0", 3 * GB));
    assertThat(MachineMemory.devices(List.of("cpu"), DataSize.ofGigabytes(3)))
        .containsExactly(new Device("cpu", 3 * GB));
    assertThat(MachineMemory.devices(List.of("cpu"), null).getFirst().memory()).isPositive();
  }
}
