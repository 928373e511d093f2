package dev.graft.tenancy;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a department may use.
 *
 * @param maxDeviceSecondsPerMonth of all its jobs, in a calendar month of UTC; null = no limit
 * @param monthSeconds of leases that have ended this month
 * @param maxStoredBytes of files; null = the operator's default
 * @param maxPriority that a job may have
 * @param approval which jobs wait for it: {@code off}, or {@link LimitSettings#EVERY_JOB}
 */
public record Limits(
    int maxRunningJobs,
    int runningJobs,
    int maxQueuedJobs,
    @Nullable Long maxDeviceSecondsPerMonth,
    double monthSeconds,
    @Nullable Long maxStoredBytes,
    int maxPriority,
    String approval,
    ModelPermissions models) {
  static Limits of(ResultSet row, int number) throws SQLException {
    return new Limits(
        row.getInt("max_running"),
        row.getInt("running"),
        row.getInt("max_queued"),
        row.getObject("max_device_seconds", Long.class),
        row.getDouble("month_seconds"),
        row.getObject("max_stored_bytes", Long.class),
        row.getInt("max_priority"),
        row.getString("approval"),
        models(row));
  }

  static ModelPermissions models(ResultSet row) throws SQLException {
    List<String> models = ResultColumns.textsOrNull(row, "model_ids");
    if (models == null) return new ModelPermissions.Every();
    return row.getString("model_mode").equals("allow_list")
        ? new ModelPermissions.Only(Set.copyOf(models))
        : new ModelPermissions.AllBut(Set.copyOf(models));
  }
}
