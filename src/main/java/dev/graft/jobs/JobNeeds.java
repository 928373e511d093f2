package dev.graft.jobs;

import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import dev.graft.training.MemoryNeed;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What a job needs of a worker: the one that takes it, and the devices it runs on.
 *
 * @param memoryBytes of each device, see {@link JobMemory}; 0 = not known
 */
record JobNeeds(Resources resources, long memoryBytes) {
  /** Of a row of {@code job}. */
  public static JobNeeds of(ResultSet row) throws SQLException {
    return new JobNeeds(Resources.written(row.getString("resources")), row.getLong("memory_bytes"));
  }

  /** The class of worker that takes it; null = any. */
  public @Nullable String workerClass() {
    return resources.takenBy();
  }

  /** As the column of that name has it; empty = any. */
  String classColumn() {
    String named = workerClass();
    return named == null ? "" : named;
  }

  /** As {@code job.device_needs} has it; 0 = one device of any kind. */
  int column() {
    String capability = resources.capability();
    int least = capability == null ? 0 : Resources.capabilityNumber(capability);
    return kind(resources.device()) * 1_000_000 + least * 1_000 + resources.count() - 1;
  }

  /** Returns the number by which columns name a kind of device; 0 = any, or not known. */
  static int kind(@Nullable DeviceKind kind) {
    return kind == null ? 0 : kind.ordinal() + 1;
  }

  /** Returns the kind that {@link #kind(DeviceKind)} gives this number. */
  static @Nullable DeviceKind kind(int column) {
    return column == 0 ? null : DeviceKind.values()[column - 1];
  }

  /**
   * What a job needs of a device's memory, in bytes, rounded up to one of sixteen numbers between
   * two powers of two: a queue then holds few different ones, and the claim looks at the first job
   * of each.
   *
   * @param bytes 0 = not known, then the job fits every device
   * @param smaller after a run that ran out of memory: as little as the same steps can be made in
   */
  record JobMemory(long bytes, long smaller) {
    public static final JobMemory UNKNOWN = new JobMemory(0, 0);

    private static final int STEPS = 16;

    public static JobMemory of(MemoryNeed need) {
      return new JobMemory(rounded(need.bytes()), rounded(need.least().bytes()));
    }

    static long rounded(long bytes) {
      long step = Math.max(1, Long.highestOneBit(bytes) / STEPS);
      if (bytes > Long.MAX_VALUE - step) return Long.MAX_VALUE;
      return (bytes + step - 1) / step * step;
    }

    /** The same of a job that asks for so much at least; null = it does not. */
    public JobMemory atLeast(@Nullable Long asked) {
      if (asked == null) return this;
      long least = rounded(asked);
      return new JobMemory(Math.max(bytes, least), Math.max(smaller, least));
    }
  }
}
