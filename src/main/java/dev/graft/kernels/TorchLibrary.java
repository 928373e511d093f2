package dev.graft.kernels;

import ai.djl.engine.Engine;
import ai.djl.pytorch.jni.LibUtils;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * Chooses the libtorch that this process loads: the CUDA build where there is one and the driver's
 * library opens, else the CPU build in the jar. DJL is configured through its own settings before
 * it loads.
 */
final class TorchLibrary {
  /** {@code int8_t c10::cuda::device_count()}; DJL's own count needs the CUDA toolkit. */
  private static final String DEVICE_COUNT = "_ZN3c104cuda12device_countEv";

  private static boolean chosen;

  private TorchLibrary() {}

  /** Returns the engine; the first call loads it. */
  static Engine engine() {
    choose();
    return Engine.getEngine("PyTorch");
  }

  private static synchronized void choose() {
    if (chosen) return;
    chosen = true;
    settings(System.getenv(), CudaLibrary.driverOpens())
        .forEach((name, value) -> System.getProperties().putIfAbsent(name, value));
  }

  /**
   * Returns DJL's settings; empty for the build in the jar.
   *
   * @param driverOpens whether {@code libcuda.so.1} does
   */
  static Map<String, String> settings(Map<String, String> environment, boolean driverOpens) {
    if (environment.containsKey(CudaLibrary.DJL_VARIABLE) || !driverOpens) return Map.of();
    CudaLibrary library = CudaLibrary.in(CudaLibrary.directory(environment));
    if (library == null || library.lack() != null) return Map.of();
    return Map.of(
        CudaLibrary.DJL_VARIABLE,
        library.libraries().toString(),
        "PYTORCH_VERSION",
        CudaLibrary.NEEDED,
        // The JNI in DJL's jar that is linked with CUDA; it works with each libtorch of CUDA 12.
        "PYTORCH_FLAVOR",
        "cu128");
  }

  /** Returns the number of GPUs that the loaded libtorch can use. */
  static int gpus() {
    engine();
    Path library = Path.of(LibUtils.getLibtorchPath(), "libc10_cuda.so");
    if (!Files.exists(library)) return 0;
    try (Arena arena = Arena.ofConfined()) {
      var count = SymbolLookup.libraryLookup(library, arena).findOrThrow(DEVICE_COUNT);
      return (byte)
          Linker.nativeLinker()
              .downcallHandle(count, FunctionDescriptor.of(ValueLayout.JAVA_BYTE))
              .invokeExact();
    } catch (Throwable e) {
      throw new IllegalStateException(library + " failed to count its devices", e);
    }
  }
}
