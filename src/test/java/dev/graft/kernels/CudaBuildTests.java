package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.platform.ChildJvm;
import dev.graft.training.GoldenRunTests;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/**
 * The CUDA build of libtorch, as {@code graft libtorch fetch} lays it out, computes every golden
 * run on a machine without a GPU: its libraries find each other, and DJL's JNI fits them. Only the
 * profile {@code cuda-build} runs this.
 */
@Tag("cuda-build")
class CudaBuildTests {
  private static final Path DIRECTORY = CudaLibrary.directory(System.getenv());

  @TempDir Path directory;

  @Test
  void everyGoldenRunPassesOnTheCudaBuild() throws Exception {
    assertThat(CudaLibrary.in(DIRECTORY))
        .as("the CUDA build in " + DIRECTORY + ", by graft libtorch fetch")
        .isNotNull();
    long runs = GoldenRunTests.runs().count();
    assertThat(said()).endsWith("%d golden runs, %d passed%n".formatted(runs, runs));
  }

  /**
   * The build needs a driver's library to load. Each function of this one says
   * CUDA_ERROR_NO_DEVICE.
   */
  private void writeDriver() throws Exception {
    Path user = DIRECTORY.resolve("torch/lib/libcaffe2_nvrtc.so");
    String functions =
        run("nm", "--dynamic", "--undefined-only", "--format=posix", user.toString())
            .lines()
            .map(line -> line.split(" ")[0])
            .filter(name -> name.matches("cu[A-Z]\\w+"))
            .map("int %s(void) { return 100; }\n"::formatted)
            .collect(Collectors.joining());
    Path source = Files.writeString(directory.resolve("libcuda.c"), functions);
    Path library = directory.resolve("libcuda.so.1");
    run("cc", "-shared", "-fPIC", "-o", library.toString(), source.toString());
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
    return said;
  }

  private String said() throws Exception {
    writeDriver();
    List<String> program = new ArrayList<>(List.of("-cp", System.getProperty("java.class.path")));
    program.add(GoldenRuns.class.getName());
    Path said = directory.resolve("said.txt");
    var child = new ProcessBuilder(ChildJvm.of("1g", program));
    child.environment().put("LD_LIBRARY_PATH", directory.toString());
    child.redirectErrorStream(true).redirectOutput(said.toFile());
    assertThat(child.start().waitFor(30, TimeUnit.MINUTES)).isTrue();
    return Files.readString(said);
  }

  /** The program that the test starts. */
  static final class GoldenRuns {
    public static void main(String[] arguments) throws Exception {
      assertThat(TorchContext.devices()).containsExactly("cpu");
      assertThat(Files.readString(Path.of("/proc/self/maps")))
          .contains(DIRECTORY.resolve("torch/lib/libtorch_cuda.so").toRealPath().toString())
          .contains(DIRECTORY.resolve("nvidia/cublas/lib").toRealPath().toString())
          .doesNotContain(".djl.ai/pytorch/2.7.1-cpu");
      var listener = new SummaryGeneratingListener();
      var request =
          LauncherDiscoveryRequestBuilder.request()
              .selectors(
                  DiscoverySelectors.selectMethod(
                      GoldenRunTests.class,
                      "everyPlanRepeatsTheReferenceStepByStep",
                      "java.lang.String, dev.graft.model.ComputePlan"));
      LauncherFactory.create().execute(request.build(), listener);
      listener.getSummary().printFailuresTo(new PrintWriter(System.out, true), 10);
      System.out.printf(
          "%d golden runs, %d passed%n",
          listener.getSummary().getTestsFoundCount(),
          listener.getSummary().getTestsSucceededCount());
    }
  }
}
