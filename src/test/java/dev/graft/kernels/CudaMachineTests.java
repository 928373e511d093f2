package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.graft.kernels.CudaMachine.DeviceUnavailable;
import dev.graft.kernels.NvidiaSmi.SmiAnswer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Answers in the form that NVIDIA documents; none was recorded on a machine with a GPU yet. */
class CudaMachineTests {
  private static final String A100 = "GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f";
  private static final String L4 = "GPU-8a1f4c9e-0000-4b1a-9c55-1b2f3c4d5e6f";
  private static final String PART = "MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f";
  private static final String OTHER_PART = "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb";
  private static final String TWO =
      """
      %s, 550.90.07, 8.0, 81920, 81038, Disabled, Default, NVIDIA A100-SXM4-80GB
      %s, 550.90.07, 8.9, 23034, 22500, [N/A], Default, NVIDIA L4
      """
          .formatted(A100, L4);
  private static final CudaLibrary LIBRARY =
      new CudaLibrary(Path.of("/opt/libtorch-cuda"), "2.7.1+cu126");

  private static CudaMachine told(String rows, String list, Map<String, String> environment) {
    return CudaMachine.of(new SmiAnswer.Answered(rows, list), LIBRARY, true, environment);
  }

  private static CudaMachine told(String rows) {
    return told(rows, "", Map.of());
  }

  private static String row(String capability, String memory, String mode, String product) {
    return "%s, 550.90.07, %s, %s, %s, [N/A], %s, %s\n"
        .formatted(L4, capability, memory, memory, mode, product);
  }

  private static List<String> uuids(CudaMachine machine) {
    return machine.devices().stream().map(CudaDevice::uuid).toList();
  }

  private static CudaDevice.@Nullable CudaLack only(CudaMachine machine) {
    return machine.devices().getFirst().lack();
  }

  @Test
  void eachGpuIsToldWithItsMemoryAndCapability() {
    CudaMachine machine = told(TWO);
    assertThat(machine.lack()).isNull();
    assertThat(machine.usable())
        .containsExactly(
            new CudaDevice(
                "cuda:0",
                A100,
                "NVIDIA A100-SXM4-80GB",
                "550.90.07",
                81920L << 20,
                81038L << 20,
                new CudaDevice.ComputeCapability(8, 0),
                null,
                null),
            new CudaDevice(
                "cuda:1",
                L4,
                "NVIDIA L4",
                "550.90.07",
                23034L << 20,
                22500L << 20,
                new CudaDevice.ComputeCapability(8, 9),
                null,
                null));
    assertThat(machine.require("cuda:1").uuid()).isEqualTo(L4);
  }

  @Test
  void thePartsOfAGpuAreDevicesOfTheirOwn() {
    String rows = TWO.replace("Disabled", "Enabled");
    String list =
        """
        GPU 0: NVIDIA A100-SXM4-80GB (UUID: %s)
          MIG 3g.40gb     Device  0: (UUID: %s)
          MIG 1g.10gb+me  Device  1: (UUID: %s)
        GPU 1: NVIDIA L4 (UUID: %s)
        """
            .formatted(A100, PART, OTHER_PART, L4);
    CudaMachine machine = told(rows, list, Map.of());
    assertThat(uuids(machine)).containsExactly(PART, OTHER_PART, L4);
    assertThat(machine.usable()).hasSize(3);
    assertThat(machine.devices().getFirst().mig()).isEqualTo("3g.40gb");
    assertThat(machine.devices().getFirst().total()).isEqualTo(40_000_000_000L);
    assertThat(machine.devices().get(1).total()).isEqualTo(10_000_000_000L);
    assertThat(only(told(rows, "", Map.of())))
        .asString()
        .contains("no MIG device", "nvidia-smi mig -cgi");
  }

  @Test
  void visibleDevicesChooseAndOrder() {
    assertThat(uuids(told(TWO, "", Map.of("CUDA_VISIBLE_DEVICES", "1,0"))))
        .containsExactly(L4, A100);
    assertThat(uuids(told(TWO, "", Map.of("CUDA_VISIBLE_DEVICES", "GPU-8a1f"))))
        .containsExactly(L4);
    assertThat(uuids(told(TWO, "", Map.of("CUDA_VISIBLE_DEVICES", "0,7,1")))).containsExactly(A100);
    for (String none : List.of("", "-1", "GPU-", "gpu0", "99999999999")) {
      CudaMachine machine = told(TWO, "", Map.of("CUDA_VISIBLE_DEVICES", none));
      assertThat(machine.devices()).as(none).isEmpty();
      assertThatThrownBy(() -> machine.require("cuda:0"))
          .isInstanceOf(DeviceUnavailable.class)
          .hasMessageContaining("CUDA_VISIBLE_DEVICES=" + none);
    }
  }

  @Test
  void whatIsNotAvailableIsNotKnownAndNoReasonToRefuse() {
    CudaMachine machine = told(row("9.0", "[N/A]", "Default", "NVIDIA GH200, 480GB"));
    assertThat(machine.usable()).hasSize(1);
    assertThat(machine.devices().getFirst().total()).isNull();
    assertThat(machine.devices().getFirst().product()).isEqualTo("NVIDIA GH200, 480GB");
    assertThat(told(row("[N/A]", "-5", "Default", "X")).devices().getFirst().capability()).isNull();
  }

  @Test
  void aCardThatTheBuildHasNoCodeForIsRefused() {
    CudaMachine blackwell = told(row("12.0", "32607", "Default", "NVIDIA GeForce RTX 5090"));
    assertThatThrownBy(() -> blackwell.require("cuda:0"))
        .isInstanceOf(DeviceUnavailable.class)
        .hasMessageContainingAll("RTX 5090", "2.7.1+cu126", "12.0", "docs/gpu.md");
    assertThat(only(told(row("3.7", "11441", "Default", "Tesla K80")))).asString().contains("cpu");
    CudaLibrary newer = new CudaLibrary(Path.of("/opt/cu128"), "2.7.1+cu128");
    SmiAnswer answer = new SmiAnswer.Answered(row("12.0", "1", "Default", "RTX 5090"), "");
    assertThat(CudaMachine.of(answer, newer, true, Map.of()).usable()).hasSize(1);
  }

  @Test
  void whatIsMissingIsSaidWithItsCure() {
    SmiAnswer gpus = new SmiAnswer.Answered(TWO, "");
    Map<String, String> there = Map.of("GRAFT_LIBTORCH_CUDA_DIRECTORY", "/srv/cuda");
    assertThat(only(CudaMachine.of(gpus, null, true, there)))
        .asString()
        .contains("/srv/cuda", "graft libtorch fetch");
    assertThat(only(CudaMachine.of(gpus, LIBRARY, false, Map.of())))
        .asString()
        .contains("libcuda.so.1", "NVIDIA_DRIVER_CAPABILITIES");
    CudaLibrary old = new CudaLibrary(Path.of("/srv/cuda"), "2.8.0+cu126");
    assertThat(only(CudaMachine.of(gpus, old, true, Map.of()))).asString().contains("2.8.0");
    assertThat(only(told(TWO.replace("550.90.07", "470.256.02")))).asString().contains("525");
    assertThat(only(told(TWO.replace("Default", "Prohibited")))).asString().contains("-c DEFAULT");
  }

  @Test
  void aDriverThatDoesNotAnswerIsSaidWithItsCure() {
    Map<String, String> cures =
        Map.of(
            "Failed to initialize NVML: Driver/library version mismatch", "restart the machine",
            "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
                "modprobe nvidia",
            "No devices were found", "lspci",
            "Failed to initialize NVML: Unknown Error", "start the container again",
            "Field \"compute_cap\" is not a valid field to query.", "newer",
            "Segmentation fault", "run nvidia-smi");
    cures.forEach(
        (said, cure) -> {
          CudaMachine machine = CudaMachine.of(new SmiAnswer.Failed(said), LIBRARY, true, Map.of());
          assertThatThrownBy(() -> machine.require("cuda:0"))
              .isInstanceOf(DeviceUnavailable.class)
              .hasMessageContainingAll("cuda:0", said, cure);
        });
    assertThat(told("").lack()).asString().contains("No devices");
  }

  @Test
  void oneGpuThatIsLostHidesNoOther() {
    CudaMachine machine =
        told("Unable to determine the device handle for GPU1: Unknown Error\n" + TWO);
    assertThat(machine.usable()).hasSize(2);
    assertThat(machine.lack()).asString().contains("Unable to determine");
  }

  @Test
  void withoutADriverThereIsNoDevice() {
    CudaMachine none = CudaMachine.of(new SmiAnswer.Missing(), LIBRARY, false, Map.of());
    assertThatThrownBy(() -> none.require("cuda:0"))
        .isInstanceOf(DeviceUnavailable.class)
        .hasMessageContainingAll("no device cuda:0", "no NVIDIA driver", "--gpus all")
        .message()
        .doesNotContain("\n");
    assertThat(CudaMachine.of(new SmiAnswer.Missing(), LIBRARY, true, Map.of()).lack())
        .asString()
        .contains("nvidia-smi", "utility");
    assertThatThrownBy(() -> told(TWO).require("cuda:2"))
        .hasMessageContaining("cpu, cuda:0, cuda:1");
    assertThatThrownBy(() -> told(TWO).require("gpu")).hasMessageContaining("gpu is not a device");
  }
}
