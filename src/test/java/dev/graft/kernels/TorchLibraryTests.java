package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchLibraryTests {
  @TempDir private Path directory;

  private Map<String, String> environment(String version) throws IOException {
    Files.createDirectories(directory.resolve("torch/lib"));
    Files.writeString(directory.resolve("torch/lib/libtorch_cuda.so"), "");
    Files.writeString(
        directory.resolve("torch/version.py"),
        "from typing import Optional\n__version__ = '%s'\ndebug = False\n".formatted(version));
    return Map.of("GRAFT_LIBTORCH_CUDA_DIRECTORY", directory.toString());
  }

  @Test
  void theCudaBuildIsTakenWhereTheDriverOpens() throws IOException {
    Map<String, String> there = environment("2.7.1+cu126");
    assertThat(TorchLibrary.settings(there, true))
        .containsEntry("PYTORCH_LIBRARY_PATH", directory.resolve("torch/lib").toString())
        .containsEntry("PYTORCH_FLAVOR", "cu128")
        .containsEntry("PYTORCH_VERSION", "2.7.1");
    assertThat(CudaLibrary.in(directory))
        .isEqualTo(new CudaLibrary(directory, "2.7.1+cu126"))
        .extracting(CudaLibrary::lack)
        .isNull();
  }

  @Test
  void elseTheBuildInTheJarIsTaken() throws IOException {
    Map<String, String> there = environment("2.7.1+cu126");
    assertThat(TorchLibrary.settings(there, false)).as("no driver").isEmpty();
    Map<String, String> nowhere =
        Map.of("GRAFT_LIBTORCH_CUDA_DIRECTORY", directory.resolve("absent").toString());
    assertThat(TorchLibrary.settings(nowhere, true)).as("no library").isEmpty();
    assertThat(TorchLibrary.settings(environment("2.8.0+cu126"), true)).as("another").isEmpty();
  }

  @Test
  void whoNamesALibraryToDjlHasChosen() throws IOException {
    Map<String, String> there =
        Map.of(
            "GRAFT_LIBTORCH_CUDA_DIRECTORY",
            environment("2.7.1+cu126").get("GRAFT_LIBTORCH_CUDA_DIRECTORY"),
            "PYTORCH_LIBRARY_PATH",
            "/opt/libtorch/lib");
    assertThat(TorchLibrary.settings(there, true)).isEmpty();
  }

  @Test
  void theBuildInTheJarHasNoGpus() {
    assertThat(TorchContext.devices()).startsWith("cpu");
    if (!CudaLibrary.driverOpens()) assertThat(TorchLibrary.gpus()).isZero();
  }
}
