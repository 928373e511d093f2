package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.kernels.CudaDevice;
import dev.graft.kernels.CudaDevice.ComputeCapability;
import dev.graft.kernels.CudaDevice.CudaLack;
import dev.graft.kernels.CudaLibrary;
import dev.graft.kernels.CudaMachine;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GpusTests {
  private static final CudaLibrary LIBRARY = new CudaLibrary(Path.of("/opt/cuda"), "2.7.1+cu126");
  private static final CudaLack TOO_NEW = new CudaLack("no code for 12.0", "use another build");

  private static CudaMachine machine(@Nullable String mig, @Nullable CudaLack lack) {
    ComputeCapability capability = new ComputeCapability(8, 0);
    long total = 81920L << 20;
    CudaDevice device =
        new CudaDevice(
            "cuda:0", "GPU-1", "NVIDIA A100", "550.90", total, total / 2, capability, mig, lack);
    return new CudaMachine(List.of(device), null);
  }

  private static List<CheckResult> findings(CudaMachine machine, String... wanted) {
    return new MachineChecks.Gpus(machine, LIBRARY, List.of(wanted)).findings();
  }

  @Test
  void aGpuIsToldWithMemoryCapabilityAndDriverAndTheBuildWithItsCapabilities() {
    assertThat(findings(machine(null, null), "cuda:0"))
        .containsExactly(
            CheckResult.ok(
                "gpu",
                "cuda:0 NVIDIA A100, 85.9 GB (42.9 GB free), compute capability 8.0, driver"
                    + " 550.90"),
            CheckResult.ok(
                "libtorch-cuda",
                "2.7.1+cu126 in /opt/cuda, with code for compute capability 5.0, 6.0, 7.0, 7.5,"
                    + " 8.0, 8.6, 9.0"));
    assertThat(findings(machine("3g.40gb", null)).getFirst().detail())
        .startsWith("cuda:0 NVIDIA A100 MIG 3g.40gb, ");
  }

  @Test
  void oneThatCannotBeUsedIsAWarningAndMissingIfItIsNamed() {
    CheckResult found = findings(machine(null, TOO_NEW)).getFirst();
    assertThat(found.status()).isEqualTo(DoctorReport.CheckStatus.WARNING);
    assertThat(found.detail()).endsWith("; no code for 12.0");
    assertThat(found.cure()).isEqualTo("use another build");
    assertThat(findings(machine(null, TOO_NEW), "cuda:0").getFirst().status())
        .isEqualTo(DoctorReport.CheckStatus.MISSING);
  }

  @Test
  void oneThatIsNamedAndNotThereIsMissing() {
    CheckResult absent = findings(machine(null, null), "cpu", "cuda:1").getLast();
    assertThat(absent.status()).isEqualTo(DoctorReport.CheckStatus.MISSING);
    assertThat(absent.detail()).contains("cuda:1");
    assertThat(absent.cure()).contains("graft.worker.devices=cpu");
  }

  @Test
  void aDriverThatDoesNotAnswerIsAWarning() {
    CudaMachine broken = new CudaMachine(List.of(), new CudaLack("mismatch", "restart"));
    assertThat(findings(broken).getFirst())
        .isEqualTo(CheckResult.warning("gpu", "mismatch", "restart"));
    assertThat(findings(broken, "cuda:0").getLast().cure()).startsWith("restart, or set ");
  }

  @Test
  void anotherLibtorchIsToldWithItsCure() {
    CudaLibrary other = new CudaLibrary(Path.of("/opt/cuda"), "2.8.0+cu126");
    CheckResult found =
        new MachineChecks.Gpus(machine(null, null), other, List.of()).findings().getLast();
    assertThat(found.name()).isEqualTo("libtorch-cuda");
    assertThat(found.cure()).contains("graft libtorch fetch");
  }

  @Test
  void thisMachineIsReadWithoutAFailure() {
    assertThat(new MachineChecks.Gpus(CudaMachine.here(), null, List.of()).findings()).isNotEmpty();
  }
}
