package dev.graft.jobs;

import dev.graft.jobs.lease.Device.DeviceUse;
import dev.graft.platform.database.ResultColumns;
import dev.graft.spec.Resources.DeviceKind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a worker has said of one of its devices.
 *
 * @param kind {@code cpu} or {@code cuda}; null = not known
 * @param capability CUDA compute capability, such as {@code 8.6}; null = none, or not known
 * @param memory bytes that a job may take of each; null = not known
 * @param count how many it can give to one job
 * @param dedicated whether it takes only jobs that ask for its class
 * @param use what it was doing; null = not known
 * @param usedAt when that was told
 */
record WorkerDevice(
    String workerId,
    String name,
    @Nullable String kind,
    @Nullable String capability,
    @Nullable Long memory,
    int count,
    boolean dedicated,
    @Nullable DeviceUse use,
    @Nullable Instant usedAt) {
  private static final List<DeviceKind> KINDS = List.of(DeviceKind.values());

  static WorkerDevice of(ResultSet row, int number) throws SQLException {
    int kind = row.getInt("kind");
    int capability = row.getInt("capability");
    Instant usedAt = ResultColumns.timeOrNull(row, "used_at");
    return new WorkerDevice(
        row.getString("worker_id"),
        row.getString("name"),
        kind == 0 ? null : KINDS.get(kind - 1).wire(),
        capability == 0
            ? null
            : String.format(Locale.ROOT, "%d.%d", capability / 10, capability % 10),
        row.getObject("memory_bytes", Long.class),
        row.getInt("devices"),
        row.getBoolean("dedicated"),
        usedAt == null ? null : use(row),
        usedAt);
  }

  private static DeviceUse use(ResultSet row) throws SQLException {
    return new DeviceUse(
        row.getObject("memory_used", Long.class),
        row.getObject("memory_total", Long.class),
        row.getObject("utilization", Double.class));
  }
}
