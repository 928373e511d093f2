package dev.graft.worker;

import dev.graft.jobs.lease.Device;
import dev.graft.jobs.lease.DeviceUse;
import java.time.Duration;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What the device of one run is doing, for its heartbeats, and the most memory that it took. */
final class RunUse {
  private static final Duration TOLD_EVERY = Duration.ofSeconds(10);
  private static final Duration LOOKED_AT_EVERY = Duration.ofSeconds(1);

  private final Device device;
  private final DeviceMeter meter;
  private final LongSupplier nanoTime;
  private @Nullable ProcessHandle trainer;
  private @Nullable DeviceUse newest;
  private @Nullable Long looked;
  private @Nullable Long told;
  private @Nullable Long peak;

  /**
   * @param nanoTime a clock as {@link System#nanoTime} is
   */
  RunUse(Device device, DeviceMeter meter, LongSupplier nanoTime) {
    this.device = device;
    this.meter = meter;
    this.nanoTime = nanoTime;
  }

  /**
   * @param trainer null = not a process of this machine
   */
  synchronized void started(@Nullable ProcessHandle trainer) {
    this.trainer = trainer;
    looked = null;
  }

  /** The device as it is now; null where that was told a moment ago, or is not known. */
  synchronized @Nullable Device news() {
    long now = nanoTime.getAsLong();
    if (told != null && now - told < TOLD_EVERY.toNanos()) return null;
    look(now);
    if (newest == null) return null;
    told = now;
    return device.of(newest);
  }

  /** Bytes that the device had in use at most since the trainer began; null = not known. */
  synchronized @Nullable Long peak() {
    look(nanoTime.getAsLong());
    return peak;
  }

  String deviceName() {
    return device.name();
  }

  private void look(long now) {
    if (looked != null && now - looked < LOOKED_AT_EVERY.toNanos()) return;
    looked = now;
    newest = meter.now(trainer);
    Long used = newest == null || trainer == null ? null : newest.memoryUsed();
    if (used != null) peak = peak == null ? used : Math.max(peak, used);
  }
}
