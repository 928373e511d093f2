package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.jobs.lease.Device;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaMachine;
import dev.graft.worker.TrainerDevices.MachineMemory;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MachineMemoryTests {
  private static final long GB = 1L << 30;
  private static final CudaMachine NONE = new CudaMachine(List.of(), null);

  private static List<Device> processors(int number, long total) {
    return MachineMemory.devices(List.of("cpu", "cpu").subList(0, number), null, total, NONE);
  }

  private static CudaMachine gpu(@Nullable Long total, @Nullable Long free) {
    ComputeCapability capability = new ComputeCapability(8, 9);
    return new CudaMachine(
        List.of(
            new CudaDevice(
                "cuda:0", "GPU-1", "NVIDIA L4", "550.1", total, free, capability, null, null)),
        null);
  }

  @Test
  void processorsShareWhatTheMachineHasLessAnEighth() {
    assertThat(processors(1, 16 * GB)).containsExactly(Device.named("cpu", 14 * GB, null));
    assertThat(processors(2, 16 * GB))
        .containsExactly(Device.named("cpu", 7 * GB, null), Device.named("cpu", 7 * GB, null));
    assertThat(processors(1, 2 * GB)).containsExactly(Device.named("cpu", 2 * GB - GB / 2, null));
    assertThat(processors(1, 1)).containsExactly(Device.named("cpu", 1L, null));
  }

  @Test
  void aGpuGivesWhatIsFreeOnItLessASixteenth() {
    List<String> name = List.of("cuda:0");
    assertThat(MachineMemory.devices(name, null, GB, gpu(80 * GB, 64 * GB)))
        .containsExactly(Device.named("cuda:0", 60 * GB, "8.9"));
    assertThat(MachineMemory.devices(name, null, GB, gpu(8 * GB, 4 * GB)))
        .containsExactly(Device.named("cuda:0", 3 * GB, "8.9"));
    assertThat(MachineMemory.devices(name, null, GB, gpu(80 * GB, null)))
        .containsExactly(Device.named("cuda:0", 75 * GB, "8.9"));
    assertThat(MachineMemory.devices(name, null, GB, gpu(GB, 0L)))
        .containsExactly(Device.named("cuda:0", 1L, "8.9"));
  }

  @Test
  void theSettingWinsAndIsNeededWhereNothingIsKnown() {
    assertThat(MachineMemory.devices(List.of("cuda:0"), null, GB, gpu(null, null)))
        .containsExactly(Device.named("cuda:0", null, "8.9"));
    List<String> both = List.of("cpu", "cuda:0");
    assertThat(MachineMemory.devices(both, 3 * GB, 16 * GB, gpu(80 * GB, 80 * GB)))
        .containsExactly(Device.named("cpu", 3 * GB, null), Device.named("cuda:0", 3 * GB, "8.9"));
  }
}
