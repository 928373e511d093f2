package dev.graft.kernels;

import ai.djl.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The switches of libtorch's {@code at::Context}, which DJL does not reach. They are of the whole
 * process. Methods are named as the C++ compiler mangles them, after {@code at::Context::}.
 */
public final class TorchContext {
  private static final Linker LINKER = Linker.nativeLinker();

  private TorchContext() {}

  /**
   * @throws IllegalStateException if this libtorch has no such switch
   */
  static void set(String method, boolean... flags) {
    TorchLibrary.engine();
    MemoryLayout[] types = new MemoryLayout[flags.length + 1];
    Object[] arguments = new Object[types.length];
    types[0] = ValueLayout.ADDRESS;
    arguments[0] = global();
    for (int i = 0; i < flags.length; i++) {
      types[i + 1] = ValueLayout.JAVA_BOOLEAN;
      arguments[i + 1] = flags[i];
    }
    invoke(
        handle(
            SymbolLookup.loaderLookup(),
            "_ZN2at7Context" + method,
            FunctionDescriptor.ofVoid(types)),
        arguments);
  }

  /** What libtorch says. */
  static boolean is(String method) {
    TorchLibrary.engine();
    MethodHandle asks =
        handle(
            SymbolLookup.loaderLookup(),
            "_ZNK2at7Context" + method,
            FunctionDescriptor.of(ValueLayout.JAVA_BOOLEAN, ValueLayout.ADDRESS));
    return Boolean.TRUE.equals(invoke(asks, global()));
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

  static MethodHandle handle(SymbolLookup of, String symbol, FunctionDescriptor type) {
    MemorySegment address =
        of.find(symbol)
            .orElseThrow(() -> new IllegalStateException("this libtorch has no " + symbol));
    return LINKER.downcallHandle(address, type);
  }

  static @Nullable Object invoke(MethodHandle handle, Object... arguments) {
    try {
      return handle.invokeWithArguments(arguments);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Whether equal calls on a GPU give equal bits, which a run that is resumed needs: libtorch then
   * adds up rows ({@code index_add_}) in one order. A switch of the whole process.
   */
  public static final class RepeatableBits {
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

  /**
   * Whether a GPU (Ampere and newer) may multiply matrices of f32 in TensorFloat-32: with 10 bits
   * of each number in place of 23, on its tensor cores. A switch of the whole process, for cuBLAS,
   * which multiplies all matrices there are here.
   */
  public static final class TensorFloat32 {
    private TensorFloat32() {}

    /** From now on; libtorch begins without it. */
    public static void allow(boolean allowed) {
      TorchContext.set("18setAllowTF32CuBLASEb", allowed);
    }

    /** What libtorch says. */
    static boolean isAllowed() {
      return TorchContext.is("15allowTF32CuBLASEv");
    }
  }

  /** The devices that libtorch sees, by its own names. */
  public static final class TorchDevices {
    private TorchDevices() {}

    /** {@code cpu}, and {@code cuda:0} and so on. */
    public static List<String> names() {
      List<String> names = new ArrayList<>(List.of("cpu"));
      int gpus = TorchLibrary.gpus();
      for (int gpu = 0; gpu < gpus; gpu++) names.add("cuda:" + gpu);
      return names;
    }

    /**
     * @throws CudaMachine.DeviceUnavailable if there is none of that name, or it cannot be used: no
     *     other takes its place
     */
    public static Device of(String name) {
      int index = names().indexOf(name);
      if (index == 0) return Device.cpu();
      if (index > 0) return Device.gpu(index - 1);
      CudaMachine.here().require(name);
      throw new CudaMachine.DeviceUnavailable(
          "libtorch does not see %s, only %s; look at graft doctor"
              .formatted(name, String.join(", ", names())));
    }
  }

  /** The heap of the C library, which tensors on a CPU lie in. A thing of the whole process. */
  public static final class NativeHeap {
    private static final String TRIM = "malloc_trim";

    private NativeHeap() {}

    /**
     * Gives free pages back to the system, wherever they lie: {@code malloc_trim(3)} of glibc.
     * Takes about 0.1 s a GB; who allocates again pays for fresh pages. Does nothing in another C
     * library.
     */
    public static void trim() {
      SymbolLookup library = Linker.nativeLinker().defaultLookup();
      if (library.find(TRIM).isEmpty()) return;
      TorchContext.invoke(
          TorchContext.handle(
              library, TRIM, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)),
          0L);
    }
  }
}
