package dev.graft.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.cli.doctor.DoctorReport.CheckResult;
import dev.graft.cli.doctor.DoctorReport.CheckStatus;
import dev.graft.platform.ChildJvm;
import dev.graft.platform.Children.ChildrenProperties;
import dev.graft.platform.Children.ChildrenProperties.Network;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineTests {
  private static final String FAST = "avx2 avx512f avx512_bf16";
  @TempDir Path directory;

  @Test
  void anOlderJavaAndAnotherPlatformAreMissing() {
    assertThat(new MachineChecks.JavaRuntime(25, "25.0.3", "Linux", "amd64").findings())
        .allMatch(finding -> finding.status() == CheckStatus.OK);
    List<CheckResult> lacks =
        new MachineChecks.JavaRuntime(21, "21.0.1", "Mac OS X", "aarch64").findings();
    assertThat(lacks).allMatch(finding -> finding.status() == CheckStatus.MISSING);
    assertThat(lacks.getFirst().cure()).contains("JDK 25");
    assertThat(lacks.getLast().detail()).isEqualTo("Mac OS X aarch64");
  }

  @Test
  void theProcessorTellsWhatItMultipliesFast() throws IOException {
    CheckResult fast = processor("flags\t\t: fpu " + FAST + " sse\n");
    assertThat(fast.status()).isEqualTo(CheckStatus.OK);
    assertThat(fast.detail()).contains(FAST).endsWith("bf16 is in hardware");
    assertThat(processor("flags : avx2\n").detail()).endsWith("avx2; bf16 is slower than f32");
    assertThat(processor("flags : sse\n").status()).isEqualTo(CheckStatus.WARNING);
    assertThat(processor("").status()).isEqualTo(CheckStatus.WARNING);
  }

  private CheckResult processor(String cpuinfo) throws IOException {
    Path file = Files.writeString(directory.resolve("cpuinfo"), cpuinfo);
    return new MachineChecks.Processor(file).findings().getFirst();
  }

  @Test
  void aCheckThatCannotReadHidesNoOther() {
    CheckResult unread =
        Examination.run(new MachineChecks.Processor(directory.resolve("none"))).getFirst();
    assertThat(unread.name()).isEqualTo("processor");
    assertThat(unread.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(unread.cure()).isNotNull();
  }

  @Test
  void tooLittleMemoryIsMissingAndFewFilesAreAWarning() {
    assertThat(new MachineChecks.MainMemory(2_000, 3_000).findings().getFirst().status())
        .isEqualTo(CheckStatus.MISSING);
    CheckResult enough = new MachineChecks.MainMemory(16L << 30, 3L << 30).findings().getFirst();
    assertThat(enough.status()).isEqualTo(CheckStatus.OK);
    assertThat(enough.detail()).isEqualTo("17.2 GB, of which jobs may use 15.0 GB");
    assertThat(new MachineChecks.OpenFiles(1024, 4096).findings().getFirst().status())
        .isEqualTo(CheckStatus.WARNING);
    assertThat(new MachineChecks.OpenFiles(4096, 4096).findings().getFirst().status())
        .isEqualTo(CheckStatus.OK);
    assertThat(new MachineChecks.OpenFiles(-1, 4096).findings()).isEmpty();
  }

  @Test
  void aChildThatCrashesIsAFindingWithItsStatus() throws IOException {
    CheckResult killed = libtorch("echo SIGILL in libtorch_cpu.so; kill -ILL $$");
    assertThat(killed.status()).isEqualTo(CheckStatus.MISSING);
    assertThat(killed.detail())
        .isEqualTo("the test ended with status 132: SIGILL in libtorch_cpu.so");
    assertThat(killed.cure()).contains("container image");
    CheckResult lost = libtorch("echo first; echo graft: no library >&2; exit 1");
    assertThat(lost.detail()).isEqualTo("the test ended with status 1: graft: no library");
    CheckResult mute = libtorch("exit 0");
    assertThat(mute.detail()).isEqualTo("the test ended with status 0: no output");
    assertThat(libtorch("echo '{broken'").status()).isEqualTo(CheckStatus.MISSING);
  }

  private static CheckResult libtorch(String script) throws IOException {
    return libtorch(script, 0);
  }

  private static CheckResult libtorch(String script, int gpus) throws IOException {
    return new MachineChecks.Libtorch(List.of("bash", "-c", script), gpus).findings().getFirst();
  }

  @Test
  void libtorchThatDoesNotComputeOnTheGpusIsTold() throws IOException {
    String both = "echo '{\"version\":\"2.7.1\",\"devices\":[\"cpu\",\"cuda:0\"]}'";
    CheckResult well = libtorch(both, 1);
    assertThat(well.status()).isEqualTo(CheckStatus.OK);
    assertThat(well.detail()).isEqualTo("2.7.1 loads and computes on cpu, cuda:0");
    CheckResult only = libtorch(both.replace(",\"cuda:0\"", ""), 1);
    assertThat(only.status()).isEqualTo(CheckStatus.WARNING);
    assertThat(only.cure()).contains("graft libtorch fetch");
    assertThat(libtorch("exit 1", 1).cure()).contains("graft libtorch fetch");
  }

  /** Where they are not what they should be, the cure names the setting. */
  @Test
  void whatIsTakenFromChildrenIsTold() {
    CheckResult asSet = children("none", Network.HOST).getFirst();
    assertThat(asSet.detail()).isEqualTo("run as Graft's user, with network access, as configured");
    for (CheckResult found : children("65531", Network.NONE)) {
      assertThat(found.name()).isEqualTo("children");
      if (found.status() == CheckStatus.OK) assertThat(found.detail()).endsWith("without network");
      else assertThat(found.cure()).contains("graft.children.");
    }
    assertThat(directory).isEmptyDirectory();
  }

  private List<CheckResult> children(String user, Network network) {
    return new MachineChecks.ChildProcesses(new ChildrenProperties(user, network), directory)
        .findings();
  }

  @Test
  void theRealChildLoadsLibtorchAndComputes() throws IOException {
    CheckResult well =
        new MachineChecks.Libtorch(ChildJvm.ofThisProgram("256m", "libtorch-check"), 0)
            .findings()
            .getFirst();
    assertThat(well.status()).as(well.detail()).isEqualTo(CheckStatus.OK);
    assertThat(well.detail()).matches("\\d+\\.\\d+\\.\\d+ loads and computes on cpu.*");
  }
}
