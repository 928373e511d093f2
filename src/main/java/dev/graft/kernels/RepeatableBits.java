package dev.graft.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Whether equal calls on a GPU give equal bits, which a run that is resumed needs: libtorch then
 * adds up rows ({@code index_add_}) in one order. A switch of the whole process.
 */
public final class RepeatableBits {
  private RepeatableBits() {}

  /**
   * From now on, for GPUs that are first used after it: cuBLAS reads its part then. What libtorch
   * cannot do in one order throws; no kernel asks for that.
   *
   * @throws IllegalStateException if this libtorch has no such switch
   */
  public static void on() {
    TorchContext.set("26setDeterministicAlgorithmsEbb", true, false);
    TorchContext.set("39setDeterministicFillUninitializedMemoryEb", false);
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle setenv =
          TorchContext.handle(
              Linker.nativeLinker().defaultLookup(),
              "setenv",
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT));
      TorchContext.invoke(
          setenv,
          arena.allocateFrom("CUBLAS_WORKSPACE_CONFIG"),
          arena.allocateFrom(":4096:8"),
          0); // 0: what its owner has set stays
    }
  }

  /** As it is at the start of a process. */
  static void off() {
    TorchContext.set("26setDeterministicAlgorithmsEbb", false, false);
    TorchContext.set("39setDeterministicFillUninitializedMemoryEb", true);
  }

  /** What libtorch says. */
  static boolean isOn() {
    return TorchContext.is("23deterministicAlgorithmsEv");
  }
}
