package dev.graft.kernels;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** The environment of this process as its native libraries see it; Java has a copy of its own. */
final class NativeEnvironment {
  private NativeEnvironment() {}

  /** For libraries that are loaded later. */
  static void set(String name, String value) {
    Linker linker = Linker.nativeLinker();
    MethodHandle setenv =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("setenv"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT));
    int status;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment to = arena.allocateFrom(value);
      status = (int) setenv.invokeExact(arena.allocateFrom(name), to, 1);
    } catch (Throwable e) {
      throw new IllegalStateException("setenv cannot be called", e);
    }
    if (status != 0) throw new IllegalStateException(name + " cannot be set");
  }
}
