package dev.graft.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How many processors there are, and what they multiply fast.
 *
 * @param cpuinfo the kernel's {@code /proc/cpuinfo}
 */
record Processor(Path cpuinfo) implements Check {
  /** Without it libtorch computes many times slower. */
  private static final String VECTORS = "avx2";

  /** What makes bf16 faster than f32. */
  private static final List<String> BF16 = List.of("avx512_bf16", "amx_bf16");

  @Override
  public String name() {
    return "processor";
  }

  @Override
  public List<CheckResult> findings() throws IOException {
    Set<String> flags = flags();
    String told =
        Stream.concat(Stream.of(VECTORS, "avx512f"), BF16.stream())
            .filter(flags::contains)
            .collect(Collectors.joining(" "));
    String bf16 = BF16.stream().anyMatch(flags::contains) ? "in hardware" : "slower than f32";
    String detail =
        "%d cores, %s; bf16 is %s"
            .formatted(Runtime.getRuntime().availableProcessors(), told, bf16);
    return List.of(
        flags.contains(VECTORS)
            ? CheckResult.ok(name(), detail)
            : CheckResult.warning(
                name(),
                "there is no " + VECTORS + ", training is slow",
                "use a processor of the last ten years, or let the virtual machine see it"));
  }

  private Set<String> flags() throws IOException {
    try (Stream<String> lines = Files.lines(cpuinfo)) {
      return lines
          .filter(line -> line.startsWith("flags"))
          .findFirst()
          .map(line -> Set.of(line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
          .orElse(Set.of());
    }
  }
}
