package dev.graft.platform;

import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Starts programs with a filtered environment. They read files of departments, so they get only the
 * variables for finding programs, libraries and devices, and no passwords, keys or tokens.
 */
public final class ChildProcess {
  private static final Set<String> NAMES =
      Set.of(
          "PATH",
          "HOME",
          "USER",
          "LOGNAME",
          "LANG",
          "LANGUAGE",
          "TZ",
          "TMPDIR",
          "LD_LIBRARY_PATH",
          "LD_PRELOAD",
          "OPT_OUT_TRACKING",
          "ENGINE_CACHE_DIR",
          "GRAFT_LIBTORCH_CUDA_DIRECTORY");

  /** Variables of the C library, OpenMP, math libraries, libtorch, DJL and the driver. */
  private static final List<String> PREFIXES =
      List.of(
          "LC_",
          "MALLOC_",
          "OMP_",
          "GOMP_",
          "KMP_",
          "MKL_",
          "OPENBLAS_",
          "DNNL_",
          "ONEDNN_",
          "TORCH_",
          "PYTORCH_",
          "DJL_",
          "CUDA_",
          "CUBLAS_",
          "NVIDIA_",
          "NCCL_");

  private ChildProcess() {}

  /** Returns a builder for {@code command} with the filtered environment. */
  public static ProcessBuilder of(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    keepAllowed(builder.environment());
    return builder;
  }

  static void keepAllowed(Map<String, String> environment) {
    environment.keySet().removeIf(name -> !allowed(name));
  }

  private static boolean allowed(String name) {
    return NAMES.contains(name) || PREFIXES.stream().anyMatch(name::startsWith);
  }
}
