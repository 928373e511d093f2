package dev.graft.kernels;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;

/** The heap of the C library, which tensors on a CPU lie in. A thing of the whole process. */
public final class NativeHeap {
  private static final String TRIM = "malloc_trim";

  private NativeHeap() {}

  /**
   * Gives free pages back to the system, wherever they lie: {@code malloc_trim(3)} of glibc. Takes
   * about 0.1 s a GB; who allocates again pays for fresh pages. Does nothing in another C library.
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
