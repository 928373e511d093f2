package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.Generators.Continuation;
import dev.graft.model.TrainingProgram;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Precision;
import dev.graft.weights.Families;
import dev.graft.weights.ModelDirectory;
import dev.graft.weights.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class KernelTextTests {
  /** Each makes the device wait for the host, or ties the text to a device. */
  private static final Pattern HOST_ROUND_TRIP =
      Pattern.compile(
          "torch\\.(item|nonzero|masked_select|tolist|equal|is_nonzero|tensor|scalar_tensor)\\b"
              + "|\\.tolist\\(|\\bcuda\\b|\\bcpu\\b|\\bdevice=None\\b");

  /**
   * On CUDA they have no form that gives equal bits: {@link TorchContext#repeatBits} makes them
   * throw.
   */
  private static final Pattern IN_ANY_ORDER =
      Pattern.compile(
          "torch\\.(bincount|cumsum|histc|kthvalue|logcumsumexp|median|nanmedian|put_|scatter_reduce_?)\\b");

  /** Moves bytes, names devices, and computes starts on the host, in this order. */
  private static final List<String> KNOW_THE_HOST =
      List.of("DeviceMemory.java", "LinearAlgebra.java", "TorchContext.java");

  private static final Path TEXT = Path.of("src/main/resources/dev/graft/kernels");

  @Test
  void everyFileOfTheDirectoryIsLoaded() throws IOException {
    try (Stream<Path> files = Files.walk(TEXT)) {
      List<String> found =
          files
              .filter(Files::isRegularFile)
              .map(file -> TEXT.relativize(file).toString().replace(".torchscript", ""))
              .filter(file -> !file.equals("model"))
              .sorted()
              .toList();
      assertThat(Kernels.FILES).containsExactlyElementsOf(found);
    }
  }

  @Test
  void noKernelWaitsForTheDeviceOrNamesOne() {
    for (String file : Kernels.FILES) {
      if (file.equals("ops/flash_twin")) continue; // stands for a device on the host
      assertThat(Kernels.text(file)).as(file).doesNotContainPattern(HOST_ROUND_TRIP);
    }
    assertThat(Kernels.text("model")).doesNotContainPattern(HOST_ROUND_TRIP);
    for (String file : Kernels.FILES) {
      assertThat(Kernels.text(file)).as(file).doesNotContainPattern(IN_ANY_ORDER);
    }
    assertThat(Continuation.METHODS).doesNotContainPattern(HOST_ROUND_TRIP);
  }

  static Stream<Arguments> programs() {
    return Families.NAMES.stream()
        .flatMap(family -> Stream.of(Precision.values()).map(each -> Arguments.of(family, each)));
  }

  @ParameterizedTest
  @MethodSource("programs")
  void noProgramWaitsForTheDeviceOrNamesOne(
      String family, Precision precision, @TempDir Path directory) throws IOException {
    TinyModels.write(directory, Families.json(family));
    var execution = Execution.cpu(precision, ComputePlan.KEEP);
    AdamW adamw = new AdamW(0.9, 0.999, 1e-8, 0, AdamW.Decay.ALL, 1);
    try (ModelDirectory base = ModelDirectory.open(directory)) {
      for (AdapterMethod method : FittingMethods.of(base.config())) {
        assertThat(TrainingProgram.of(base, new TrainingSetup(method, adamw, execution, 1)).text())
            .as("%s", method)
            .contains("torch.")
            .doesNotContainPattern(HOST_ROUND_TRIP);
      }
    }
  }

  @Test
  void whoeverComputesIsToldTheDevice() throws IOException {
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      List<String> found = new ArrayList<>();
      for (Path source : sources.filter(each -> each.toString().endsWith(".java")).toList()) {
        if (Files.readString(source).contains("Device.cpu()")) {
          found.add(source.getFileName().toString());
        }
      }
      assertThat(found).containsExactlyInAnyOrderElementsOf(KNOW_THE_HOST);
    }
  }

  @Test
  void aProgramCallsAKernelByItsFile() {
    TorchThread.prepare();
    String program =
        """
          def call(self: __torch__.Model,
            x: Tensor,
            w: Tensor) -> Tensor:
            return __torch__.ops.linear.forward(x, w)
        """;
    try (TorchScriptModule module = Kernels.load(program, Device.cpu());
        PtNDManager manager = (PtNDManager) NDManager.newBaseManager("PyTorch")) {
      PtNDArray x = (PtNDArray) manager.create(new float[] {1, 2, 3, 4}, new Shape(2, 2));
      PtNDArray w = (PtNDArray) manager.create(new float[] {1, 0, 0, 1, 1, 1}, new Shape(3, 2));
      assertThat(module.call(manager, "call", x, w).getFirst().toFloatArray())
          .containsExactly(1, 2, 3, 3, 4, 7);
    }
  }
}
