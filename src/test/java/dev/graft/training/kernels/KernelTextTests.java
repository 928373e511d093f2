package dev.graft.training.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class KernelTextTests {
  /** Each makes the device wait for the host, or ties the text to a device. */
  private static final Pattern HOST_ROUND_TRIP =
      Pattern.compile(
          "torch\\.(item|nonzero|masked_select|tolist|equal|is_nonzero)\\b|\\.tolist\\(|\\bcuda\\b|\\bcpu\\b");

  private static final Path TEXT = Path.of("src/main/resources/dev/graft/training/kernels");

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
      assertThat(Kernels.text(file)).as(file).doesNotContainPattern(HOST_ROUND_TRIP);
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
