package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

class NativeEnvironmentTests {
  @Test
  void librariesSeeWhatIsSet() throws Throwable {
    CudaDevice.setEnvironment("GRAFT_TEST_NATIVE", "GPU-1", true);
    CudaDevice.setEnvironment("GRAFT_TEST_NATIVE", "GPU-2", true);
    assertThat(getenv("GRAFT_TEST_NATIVE")).isEqualTo("GPU-2");
  }

  private static String getenv(String name) throws Throwable {
    Linker linker = Linker.nativeLinker();
    var getenv =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("getenv"),
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found = (MemorySegment) getenv.invokeExact(arena.allocateFrom(name));
      return found.reinterpret(100).getString(0);
    }
  }
}
