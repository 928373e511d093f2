package dev.graft.kernels;

import dev.graft.kernels.NvidiaSmi.SmiAnswer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches what the GPUs of this machine do; its answers are some seconds old. Callers never wait: a
 * separate thread runs {@code nvidia-smi}, one call at a time. While a driver hangs, one such
 * process hangs with it and the usage is unknown.
 */
public final class CudaWatch {
  private static final Logger log = LoggerFactory.getLogger(CudaWatch.class);
  private static final Duration FRESH = Duration.ofSeconds(10);
  private static final Duration KNOWN = Duration.ofMinutes(1);

  private final NvidiaSmi smi;
  private final LongSupplier nanoTime;
  private Map<String, CudaUse> newest = Map.of();
  private long answeredAt;
  private @Nullable Long askedAt;
  private boolean asking;
  private boolean failing;

  /**
   * @param nanoTime a clock as {@link System#nanoTime} is
   */
  CudaWatch(NvidiaSmi smi, LongSupplier nanoTime) {
    this.smi = smi;
    this.nanoTime = nanoTime;
  }

  /** Returns a watch of this machine; the first call of {@link #of} starts {@code nvidia-smi}. */
  public static CudaWatch here() {
    return new CudaWatch(NvidiaSmi.here(), System::nanoTime);
  }

  /**
   * @param uuid of a GPU
   * @return null = not known: no answer yet or none of late, or the device is a part of a GPU
   */
  public synchronized @Nullable CudaUse of(String uuid) {
    long now = nanoTime.getAsLong();
    if (!asking && (askedAt == null || now - askedAt >= FRESH.toNanos())) {
      asking = true;
      askedAt = now;
      Thread.ofPlatform().daemon().name("nvidia-smi").start(this::ask);
    }
    return now - answeredAt < KNOWN.toNanos() ? newest.get(uuid) : null;
  }

  private void ask() {
    SmiAnswer answer = smi.uses();
    synchronized (this) {
      asking = false;
      switch (answer) {
        case SmiAnswer.Answered answered -> {
          newest = CudaUse.of(answered.rows());
          answeredAt = nanoTime.getAsLong();
          failing = false;
        }
        case SmiAnswer.Failed failed -> failed(failed.message());
        case SmiAnswer.Missing _ -> failed("nvidia-smi is no longer there");
      }
    }
  }

  private void failed(String message) {
    if (!failing) log.atWarn().addKeyValue("cause", message).log("gpu_use_unknown");
    failing = true;
  }

  /**
   * The use of a GPU. A number is null where {@code nvidia-smi} does not report it.
   *
   * @param used bytes of its memory in use by any process
   * @param total bytes of its memory
   * @param utilization percent of the last sampling period (at most a second) in which a kernel ran
   */
  public record CudaUse(@Nullable Long used, @Nullable Long total, @Nullable Double utilization) {
    static final String FIELDS = "uuid,memory.used,memory.total,utilization.gpu";

    private static final int COUNT = FIELDS.split(",").length;

    /**
     * Returns the use of each GPU by its UUID; {@code nvidia-smi} reports it for whole GPUs only,
     * not for parts.
     *
     * @param rows of {@link #FIELDS}, one line per GPU; other lines are ignored
     */
    static Map<String, CudaUse> of(String rows) {
      Map<String, CudaUse> found = new HashMap<>();
      for (String line : rows.lines().toList()) {
        String[] values = line.split(",", -1);
        if (values.length != COUNT
            || !NvidiaSmi.SmiReading.UUID.matcher(values[0].strip()).matches()) continue;
        found.put(
            values[0].strip(),
            new CudaUse(
                NvidiaSmi.SmiReading.mebibytes(values[1]),
                NvidiaSmi.SmiReading.mebibytes(values[2]),
                percent(values[3].strip())));
      }
      return found;
    }

    private static @Nullable Double percent(String text) {
      return text.matches("\\d{1,3}")
          ? Double.valueOf(Math.min(100, Integer.parseInt(text)))
          : null;
    }
  }
}
