package dev.graft.kernels;

import ai.djl.Device;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Devices, memory and the switches of libtorch's {@code at::Context}, which DJL does not expose.
 * Switches apply to the whole process. They are named as the C++ compiler mangles them, after
 * {@code at::Context::}.
 */
public final class TorchContext {
  private static final String TRIM = "malloc_trim";
  private static final Linker LINKER = Linker.nativeLinker();

  private TorchContext() {}

  /**
   * @throws IllegalStateException if this libtorch has no such switch
   */
  private static void set(String method, boolean... flags) {
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

  private static boolean is(String method) {
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
   * Makes equal calls on a GPU give equal bits from now on, which a resumed run needs: libtorch
   * then adds rows ({@code index_add_}) in one order. This covers GPUs that are first used
   * afterwards, because cuBLAS reads its part at that moment. An operation that has no such order
   * throws; no kernel uses one.
   *
   * @throws IllegalStateException if this libtorch has no such switch
   */
  public static void repeatBits() {
    repeatBits(true);
    CudaDevice.setEnvironment("CUBLAS_WORKSPACE_CONFIG", ":4096:8", false);
  }

  static void repeatBits(boolean on) {
    set("26setDeterministicAlgorithmsEbb", on, false);
    set("39setDeterministicFillUninitializedMemoryEb", !on);
  }

  static boolean repeatsBits() {
    return is("23deterministicAlgorithmsEv");
  }

  /**
   * Sets whether a GPU (Ampere and newer) may multiply matrices of f32 in TensorFloat-32, on its
   * tensor cores with 10 bits of each number in place of 23. libtorch begins without it. The switch
   * is that of cuBLAS, which computes all matrix products here.
   */
  public static void allowTensorFloat32(boolean allowed) {
    set("18setAllowTF32CuBLASEb", allowed);
  }

  static boolean allowsTensorFloat32() {
    return is("15allowTF32CuBLASEv");
  }

  /** Returns the devices that libtorch sees: {@code cpu}, and {@code cuda:0} and so on. */
  public static List<String> devices() {
    return Stream.concat(
            Stream.of("cpu"),
            IntStream.range(0, TorchLibrary.gpus()).mapToObj(gpu -> "cuda:" + gpu))
        .toList();
  }

  /**
   * Returns the device of a name, never another one in its place.
   *
   * @throws CudaMachine.DeviceUnavailable if there is no such device, or it cannot be used
   */
  public static Device device(String name) {
    int index = devices().indexOf(name);
    if (index == 0) return Device.cpu();
    if (index > 0) return Device.gpu(index - 1);
    CudaMachine.here().require(name);
    throw new CudaMachine.DeviceUnavailable(
        "libtorch does not see %s, only %s; run graft doctor"
            .formatted(name, String.join(", ", devices())));
  }

  /**
   * Returns free pages of the C library's heap, where tensors on a CPU lie, to the system: {@code
   * malloc_trim(3)} of glibc. Takes about 0.1 s per GB, and later allocations pay for fresh pages.
   * Does nothing with another C library.
   */
  public static void trimHeap() {
    SymbolLookup library = Linker.nativeLinker().defaultLookup();
    if (library.find(TRIM).isEmpty()) return;
    invoke(
        handle(library, TRIM, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG)),
        0L);
  }
}
