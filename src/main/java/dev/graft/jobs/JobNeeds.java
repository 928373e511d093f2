package dev.graft.jobs;

import dev.graft.spec.Resources;
import dev.graft.spec.Resources.DeviceKind;
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

  /** As the columns have it. */
  static int kind(@Nullable DeviceKind kind) {
    return kind == null ? 0 : kind.ordinal() + 1;
  }
}
