package dev.graft.worker;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * How often the kernel has killed a process because memory ran out, as the cgroup of this process
 * counts it: {@code memory.events} of version 2, {@code memory.oom_control} of version 1. Outside
 * of any, all such kills of the machine count.
 */
final class MemoryKills {
  private static final String KEY = "oom_kill ";

  private final Path proc;
  private final Path cgroups;

  /**
   * @param proc where {@code /proc} is
   * @param cgroups where {@code /sys/fs/cgroup} is
   */
  MemoryKills(Path proc, Path cgroups) {
    this.proc = proc;
    this.cgroups = cgroups;
  }

  static MemoryKills ofThisMachine() {
    return new MemoryKills(Path.of("/proc"), Path.of("/sys/fs/cgroup"));
  }

  /** Kills so far; 0 where nothing counts them. */
  long count() {
    return Stream.concat(counters(), Stream.of(proc.resolve("vmstat")))
        .map(MemoryKills::count)
        .flatMap(Optional::stream)
        .findFirst()
        .orElse(0L);
  }

  /** In a container, the directory of its own cgroup is the root of what it sees. */
  private Stream<Path> counters() {
    for (String line : lines(proc.resolve("self/cgroup"))) {
      String[] parts = line.split(":", 3); // hierarchy, controllers, path
      if (parts.length == 3 && List.of(parts[1].split(",")).contains("memory")) {
        return in(cgroups.resolve("memory"), parts[2], "memory.oom_control");
      }
    }
    for (String line : lines(proc.resolve("self/cgroup"))) {
      if (line.startsWith("0::")) return in(cgroups, line.substring(3), "memory.events");
    }
    return Stream.empty();
  }

  private static Stream<Path> in(Path mount, String path, String file) {
    return Stream.of(mount.resolve("." + path).resolve(file), mount.resolve(file));
  }

  private static Optional<Long> count(Path counters) {
    return lines(counters).stream()
        .filter(line -> line.startsWith(KEY))
        .map(line -> Long.parseLong(line.substring(KEY.length()).trim()))
        .findFirst();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException absent) {
      return List.of();
    }
  }
}
