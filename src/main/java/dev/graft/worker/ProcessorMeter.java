package dev.graft.worker;

import dev.graft.jobs.lease.DeviceUse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a trainer takes of the main memory (its resident pages) and of the processors, as Linux
 * tells it of the process. Elsewhere memory is not known.
 */
final class ProcessorMeter implements DeviceMeter {
  private static final Path PROCESSES = Path.of("/proc");

  private final long total;
  private final int cores;
  private final LongSupplier nanoTime;
  private @Nullable ProcessHandle measured;
  private Duration time = Duration.ZERO;
  private long at;

  /**
   * @param total bytes of main memory
   * @param nanoTime a clock as {@link System#nanoTime} is
   */
  ProcessorMeter(long total, int cores, LongSupplier nanoTime) {
    this.total = total;
    this.cores = cores;
    this.nanoTime = nanoTime;
  }

  @Override
  public synchronized DeviceUse now(@Nullable ProcessHandle trainer) {
    if (trainer == null || !trainer.isAlive()) return new DeviceUse(0L, total, 0.0);
    return new DeviceUse(resident(trainer.pid()), total, utilization(trainer));
  }

  private static @Nullable Long resident(long pid) {
    try {
      return Files.readAllLines(PROCESSES.resolve(pid + "/status")).stream()
          .filter(line -> line.startsWith("VmRSS:"))
          .map(line -> Long.parseLong(line.replaceAll("\\D", "")) << 10)
          .findFirst()
          .orElse(null);
    } catch (IOException gone) {
      return null;
    }
  }

  /** Since it was last asked of the same trainer; null the first time. */
  private @Nullable Double utilization(ProcessHandle trainer) {
    Optional<Duration> told = trainer.info().totalCpuDuration();
    if (told.isEmpty()) return null;
    Duration before = time;
    long then = at;
    boolean first = !trainer.equals(measured);
    measured = trainer;
    time = told.get();
    at = nanoTime.getAsLong();
    if (first || at <= then) return null;
    double share = (double) time.minus(before).toNanos() / (at - then) / cores;
    return Math.clamp(100 * share, 0, 100);
  }
}
