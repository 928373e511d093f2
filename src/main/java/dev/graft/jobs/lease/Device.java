package dev.graft.jobs.lease;

import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What a worker would run a job on.
 *
 * @param name as the worker has it, such as {@code cpu} or {@code cuda:0}
 * @param memory bytes that a run may take, of each where it is several; null = not known, then
 *     every job is taken to fit
 * @param kind {@code cpu} or {@code cuda}; null from a worker of an earlier release, which gets
 *     only jobs that any device may run, and those for a CPU if it is named so
 * @param capability CUDA compute capability, such as {@code 8.6}; null = none, or not known
 * @param devices how many it can give to one job; null = one
 * @param workerClass class that the worker is set up for, which must be the one it joined with;
 *     null = whatever that is
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
  /** Of a worker that does not say, as those of earlier releases. */
  public static final Device UNKNOWN = new Device("", null);

  /** Name of what a worker has that stands for a Ray cluster. */
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

  /** As workers of earlier releases tell it. */
  public Device(String name, @Nullable Long memory) {
    this(name, memory, null, null, null, null, null, null);
  }

  /** A device of this machine, of the kind that its name says: that before the colon. */
  public static Device named(String name, @Nullable Long memory, @Nullable String capability) {
    String kind = name.replaceFirst(":.*", "");
    return new Device(name, memory, kind, capability, null, null, null, null);
  }

  /** The same, of a worker that is set up so. */
  public Device of(@Nullable String workerClass, boolean dedicated) {
    return new Device(name, memory, kind, capability, devices, workerClass, dedicated, use);
  }

  /** The same, as it is now. */
  public Device of(@Nullable DeviceUse now) {
    return new Device(name, memory, kind, capability, devices, workerClass, dedicated, now);
  }

  /** Jobs that need more than this do not fit. */
  public long holds() {
    return memory == null ? Long.MAX_VALUE : memory;
  }

  /** Null where it is not known, or of a kind that this release does not know. */
  public @Nullable DeviceKind computes() {
    String said = kind == null && name.equals(DeviceKind.CPU.wire()) ? name : kind;
    return Arrays.stream(DeviceKind.values())
        .filter(each -> each.wire().equals(said))
        .findFirst()
        .orElse(null);
  }

  /** As a number that orders, see {@link Resources#capabilityNumber}; 0 = none, or not known. */
  public int capabilityNumber() {
    return capability == null ? 0 : Resources.capabilityNumber(capability);
  }

  /** How many it can give to one job. */
  public int count() {
    return devices == null ? 1 : devices;
  }

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
}
