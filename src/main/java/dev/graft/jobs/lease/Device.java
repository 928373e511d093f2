package dev.graft.jobs.lease;

import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A device of a worker, or several equal ones.
 *
 * @param name the worker's name for it, such as {@code cpu} or {@code cuda:0}
 * @param memory bytes that a run may take, of each device where there are several; null = not
 *     known, then every job is assumed to fit
 * @param kind {@code cpu} or {@code cuda}; null from a worker of an earlier release, which gets
 *     only jobs that any device may run, and jobs for a CPU if the name is {@code cpu}
 * @param capability CUDA compute capability, such as {@code 8.6}; null = none, or not known
 * @param devices how many it can give to one job; null = one
 * @param workerClass class that the worker is configured for, which must be the one it joined with;
 *     null = the one it joined with
 * @param dedicated whether it takes only jobs that ask for its class; null = no
 * @param use what it is doing now; null = not known
 */
public record Device(
    String name,
    @Nullable Long memory,
    @Nullable String kind,
    @Nullable String capability,
    @Nullable Integer devices,
    @Nullable String workerClass,
    @Nullable Boolean dedicated,
    @Nullable DeviceUse use) {
  /** The device of a worker of an earlier release, which sends none. */
  public static final Device UNKNOWN = new Device("", null);

  /** Name of the device of a worker that trains on a Ray cluster. */
  public static final String RAY = "ray";

  private static final int LONGEST_NAME = 100;

  public Device {
    if (name.length() > LONGEST_NAME) throw new IllegalArgumentException("the name is too long");
    if (memory != null && memory < 1) throw new IllegalArgumentException("memory must be positive");
    if (capability != null) Resources.capabilityNumber(capability);
    if (devices != null && (devices < 1 || devices > Resources.MOST_DEVICES)) {
      throw new IllegalArgumentException("devices must be from 1 to " + Resources.MOST_DEVICES);
    }
    if (workerClass != null) Resources.requireClass(workerClass);
  }

  /** The device as workers of earlier releases describe it. */
  public Device(String name, @Nullable Long memory) {
    this(name, memory, null, null, null, null, null, null);
  }

  /** Returns a device of this machine; its kind is the part of the name before the colon. */
  public static Device named(String name, @Nullable Long memory, @Nullable String capability) {
    String kind = name.replaceFirst(":.*", "");
    return new Device(name, memory, kind, capability, null, null, null, null);
  }

  /** Returns this device of a worker with these settings. */
  public Device of(@Nullable String workerClass, boolean dedicated) {
    return new Device(name, memory, kind, capability, devices, workerClass, dedicated, use);
  }

  /** Returns this device with its current use. */
  public Device of(@Nullable DeviceUse now) {
    return new Device(name, memory, kind, capability, devices, workerClass, dedicated, now);
  }

  /** Returns the bytes that a job may need at most. */
  public long holds() {
    return memory == null ? Long.MAX_VALUE : memory;
  }

  /** Returns the kind; null where it is not known, or newer than this release. */
  public @Nullable DeviceKind computes() {
    String wire = kind == null && name.equals(DeviceKind.CPU.wire()) ? name : kind;
    return Arrays.stream(DeviceKind.values())
        .filter(each -> each.wire().equals(wire))
        .findFirst()
        .orElse(null);
  }

  /** Returns the capability as {@link Resources#capabilityNumber} does; 0 = none, or not known. */
  public int capabilityNumber() {
    return capability == null ? 0 : Resources.capabilityNumber(capability);
  }

  /** Returns how many devices it can give to one job. */
  public int count() {
    return devices == null ? 1 : devices;
  }

  /**
   * How busy a device is. Each number is null where it is not known.
   *
   * @param memoryUsed bytes in use: on a GPU by all processes, on the CPU by the trainer
   * @param memoryTotal all bytes of the device, including those that no job may take
   * @param utilization percent, 0 to 100: of a GPU the share of the time in which it computed, of
   *     the CPU the share of the machine's processors that the trainer used
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
}
