package dev.graft.training.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * Whether equal calls on a GPU give equal bits, which a run that is resumed needs: libtorch then
 * adds up rows ({@code index_add_}) in one order. A switch of the whole process, in libtorch's
 * {@code at::Context}, which DJL does not reach.
 */
public final class RepeatableBits {
  private static final String CONTEXT = "_ZN2at7Context";
  private static final Linker LINKER = Linker.nativeLinker();

  private RepeatableBits() {}

  /**
   * From now on, for GPUs that are first used after it: cuBLAS reads its part then. What libtorch
   * cannot do in one order throws; no kernel asks for that.
   *
   * @throws IllegalStateException if this libtorch has no such switch
   */
  public static void on() {
    context("26setDeterministicAlgorithmsEbb", true, false);
    context("39setDeterministicFillUninitializedMemoryEb", false);
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle setenv =
          handle(
              LINKER.defaultLookup(),
              "setenv",
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT));
      invoke(
          setenv,
          arena.allocateFrom("CUBLAS_WORKSPACE_CONFIG"),
          arena.allocateFrom(":4096:8"),
          0); // 0: what its owner has set stays
    }
  }

  /** As it is at the start of a process. */
  static void off() {
    context("26setDeterministicAlgorithmsEbb", false, false);
    context("39setDeterministicFillUninitializedMemoryEb", true);
  }

  /** What libtorch says. */
  static boolean isOn() {
    MethodHandle asks =
        handle(
            SymbolLookup.loaderLookup(),
            "_ZNK2at7Context23deterministicAlgorithmsEv",
            FunctionDescriptor.of(ValueLayout.JAVA_BOOLEAN, ValueLayout.ADDRESS));
    return Boolean.TRUE.equals(invoke(asks, global()));
  }

  private static void context(String method, boolean... flags) {
    MemoryLayout[] types = new MemoryLayout[flags.length + 1];
    Object[] arguments = new Object[types.length];
    types[0] = ValueLayout.ADDRESS;
    arguments[0] = global();
    for (int i = 0; i < flags.length; i++) {
      types[i + 1] = ValueLayout.JAVA_BOOLEAN;
      arguments[i + 1] = flags[i];
    }
    invoke(
        handle(SymbolLookup.loaderLookup(), CONTEXT + method, FunctionDescriptor.ofVoid(types)),
        arguments);
  }

  private static Object global() {
    MethodHandle global =
        handle(
            SymbolLookup.loaderLookup(),
            "_ZN2at13globalContextEv",
            FunctionDescriptor.of(ValueLayout.ADDRESS));
    Object context = invoke(global);
    return context == null ? MemorySegment.NULL : context;
  }

  private static MethodHandle handle(SymbolLookup of, String symbol, FunctionDescriptor type) {
    MemorySegment address =
        of.find(symbol)
            .orElseThrow(() -> new IllegalStateException("this libtorch has no " + symbol));
    return LINKER.downcallHandle(address, type);
  }

  private static @Nullable Object invoke(MethodHandle handle, Object... arguments) {
    try {
      return handle.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
