package dev.graft.kernels;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The switches of libtorch's {@code at::Context}, which DJL does not reach. They are of the whole
 * process. Methods are named as the C++ compiler mangles them, after {@code at::Context::}.
 */
final class TorchContext {
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
}
