package dev.graft.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;

/** Memory is taken in the C library itself: that of Java's arenas may come from elsewhere. */
class NativeHeapTests {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final long PIECE = 60_000; // below what glibc maps by itself
  private static final int PIECES = 4000;

  private static Object call(String function, FunctionDescriptor type, Object... arguments) {
    Object result =
        TorchContext.invoke(
            TorchContext.handle(Linker.nativeLinker().defaultLookup(), function, type), arguments);
    return result == null ? MemorySegment.NULL : result;
  }

  private static MemorySegment taken() {
    MemorySegment piece =
        (MemorySegment)
            call(
                "malloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG), PIECE);
    return piece.reinterpret(PIECE).fill((byte) 1);
  }

  private static void free(MemorySegment piece) {
    call("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS), piece);
  }

  private static long resident() throws IOException {
    String line =
        Files.readAllLines(STATUS).stream()
            .filter(each -> each.startsWith("RssAnon:"))
            .findFirst()
            .orElseThrow();
    return Long.parseLong(line.replaceAll("\\D", "")) * 1024;
  }

  @Test
  void freePagesBetweenWhatIsKeptGoBack() throws IOException {
    assumeThat(STATUS).exists();
    assumeThat(Linker.nativeLinker().defaultLookup().find("malloc_trim")).isPresent();
    Deque<MemorySegment> freed = new ArrayDeque<>();
    Deque<MemorySegment> kept = new ArrayDeque<>();
    for (int i = 0; i < PIECES; i++) (i % 10 == 9 ? kept : freed).add(taken());
    freed.forEach(NativeHeapTests::free);
    long before = resident();
    TorchContext.trimHeap();
    long after = resident();
    kept.forEach(NativeHeapTests::free);
    assertThat(before - after).isGreaterThan(freed.size() * PIECE / 2);
  }
}
