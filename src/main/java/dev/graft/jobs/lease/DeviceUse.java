package dev.graft.jobs.lease;

import org.jspecify.annotations.Nullable;

/**
 * What a device is doing. Each number is null where it is not known.
 *
 * @param memoryUsed bytes: on a GPU by whatever uses it, on the CPU by the trainer
 * @param memoryTotal bytes that there are, whatever a job may take of them
 * @param utilization percent, 0 to 100: of a GPU the time in which it computed, of the CPU the
 *     share of the machine's processors that the trainer had
 */
public record DeviceUse(
    @Nullable Long memoryUsed, @Nullable Long memoryTotal, @Nullable Double utilization) {
  public DeviceUse {
    if (memoryUsed != null && memoryUsed < 0) {
      throw new IllegalArgumentException("memory_used must not be negative");
    }
    if (memoryTotal != null && memoryTotal < 0) {
      throw new IllegalArgumentException("memory_total must not be negative");
    }
    if (utilization != null && !(utilization >= 0 && utilization <= 100)) {
      throw new IllegalArgumentException("utilization must be from 0 to 100");
    }
  }
}
