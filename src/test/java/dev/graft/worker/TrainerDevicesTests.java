package dev.graft.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.CudaMachine;
import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class TrainerDevicesTests {
  private static final TrainerCommandLine TRAINER = new TrainerCommandLine(List.of("train"));
  private static final long GB = 1L << 30;
  private static final CudaLack TOO_NEW = new CudaLack("no code for 12.0", "use another build");

  /** A machine whose GPUs can be used, or not. */
  private static CudaMachine machine(boolean... usable) {
    List<CudaDevice> devices = new ArrayList<>();
    for (boolean each : usable) {
      int index = devices.size();
      CudaLack lack = each ? null : TOO_NEW;
      devices.add(
          new CudaDevice(
              "cuda:" + index, "GPU-" + index, "L4", "550", 24 * GB, 24 * GB, null, null, lack));
    }
    return new CudaMachine(devices, null);
  }

  private static List<String> names(CudaMachine machine, String... named) {
    return chosen(machine, named).all().stream().map(each -> each.device().name()).toList();
  }

  private static TrainerDevices chosen(CudaMachine machine, String... named) {
    return TrainerDevices.of(List.of(named), null, 16 * GB, () -> machine, TRAINER);
  }

  @Test
  void withoutASettingEveryUsableGpuIsTakenElseTheProcessor() {
    assertThat(names(machine(true, true))).containsExactly("cuda:0", "cuda:1");
    assertThat(names(machine(true, false, true))).containsExactly("cuda:0", "cuda:2");
    assertThat(names(machine(false))).containsExactly("cpu");
    assertThat(names(machine())).containsExactly("cpu");
  }

  @Test
  void theSettingChooses() {
    assertThat(names(machine(true, true), "cuda:1")).containsExactly("cuda:1");
    assertThat(names(machine(true, true), "cpu", "cpu")).containsExactly("cpu", "cpu");
    assertThat(names(machine(true), "cpu", "cuda:0")).containsExactly("cpu", "cuda:0");
  }

  @Test
  void onlyProcessorsNeedNoDriver() {
    TrainerDevices devices =
        TrainerDevices.of(
            List.of("cpu"),
            null,
            16 * GB,
            () -> {
              throw new IllegalStateException("asked");
            },
            TRAINER);
    assertThat(devices.all())
        .singleElement()
        .satisfies(
            only -> {
              assertThat(only.device()).isEqualTo(Device.named("cpu", 14 * GB, null));
              assertThat(only.trainers()).isEqualTo(TRAINER);
              assertThat(only.meter().now(null)).isEqualTo(new DeviceUse(0L, 16 * GB, 0.0));
            });
  }

  @Test
  void aTrainerSeesItsGpuAlone() {
    assertThat(chosen(machine(true, true)).all())
        .extracting(each -> ((TrainerCommandLine) each.trainers()).environment())
        .containsExactly(
            Map.of("CUDA_VISIBLE_DEVICES", "GPU-0"), Map.of("CUDA_VISIBLE_DEVICES", "GPU-1"));
  }

  @Test
  void whatIsNamedAndCannotBeUsedIsRefused() {
    Stream.of("cuda:1", "cuda:2", "gpu", "CPU")
        .forEach(
            name ->
                assertThatThrownBy(() -> chosen(machine(true, false), "cuda:0", name))
                    .isInstanceOf(DeviceUnavailable.class)
                    .hasMessageContaining(name));
    assertThatThrownBy(() -> chosen(machine(false), "cuda:0"))
        .hasMessageContainingAll("no code for 12.0", "use another build");
    assertThatThrownBy(() -> chosen(machine(true), "cuda:0", "cuda:0"))
        .isInstanceOf(DeviceUnavailable.class)
        .hasMessageContaining("cuda:0 twice");
  }
}
