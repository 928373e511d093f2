package dev.graft.jobs;

import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
import dev.graft.training.MemoryNeed;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * The requirements of a job: the class of its worker, its devices and their memory.
 *
 * @param memoryBytes of each device, see {@link JobMemory}; 0 = not known
 */
record JobNeeds(Resources resources, long memoryBytes) {
  /** Reads a row of {@code job}. */
  static JobNeeds of(ResultSet row) throws SQLException {
    return new JobNeeds(Resources.written(row.getString("resources")), row.getLong("memory_bytes"));
  }

  /** Returns the class of worker that takes it; null = any. */
  @Nullable String workerClass() {
    return resources.takenBy();
  }

  /** Returns column {@code job.worker_class}; empty = any. */
  String classColumn() {
    String named = workerClass();
    return named == null ? "" : named;
  }

  /** Returns column {@code job.device_needs}; 0 = one device of any kind. */
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
   * The memory that a job needs of a device, in bytes, rounded up to one of sixteen numbers between
   * two powers of two: a queue then holds few different numbers, and the claim reads the first job
   * of each.
   *
   * @param bytes 0 = not known, then the job fits every device
   * @param smaller the need after a run that ran out of memory: the least for the same steps
   */
  record JobMemory(long bytes, long smaller) {
    static final JobMemory UNKNOWN = new JobMemory(0, 0);

    private static final int STEPS = 16;

    static JobMemory of(MemoryNeed need) {
      return new JobMemory(rounded(need.bytes()), rounded(need.least().bytes()));
    }

    static long rounded(long bytes) {
      long step = Math.max(1, Long.highestOneBit(bytes) / STEPS);
      if (bytes > Long.MAX_VALUE - step) return Long.MAX_VALUE;
      return (bytes + step - 1) / step * step;
    }

    /** Returns these needs, raised to the memory that the job asks for; null = it asks for none. */
    JobMemory atLeast(@Nullable Long asked) {
      if (asked == null) return this;
      long least = rounded(asked);
      return new JobMemory(Math.max(bytes, least), Math.max(smaller, least));
    }
  }
}
