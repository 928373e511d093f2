package dev.graft.tenancy.limits;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.graft.platform.errors.RequestFailed;
import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * What administrators have said about a department. Null = the operator's default, or no limit.
 *
 * @param maxPriority from 0, which jobs have by default
 * @param weight its share of the devices among departments that wait
 * @param approval which jobs wait for an owner's: {@code off} or {@code every_job}
 */
record LimitSettings(
    @Nullable Integer maxRunningJobs,
    @Nullable Integer maxQueuedJobs,
    @Nullable Long maxDeviceSecondsPerMonth,
    @Nullable Long maxStoredBytes,
    @Nullable Integer maxPriority,
    @Nullable Double weight,
    @Nullable String approval,
    @JsonProperty("max_requests_per_1_minute") @Nullable Integer maxRequestsPerMinute) {
  static final int HIGHEST_PRIORITY = 100;
  static final String NO_APPROVAL = "off";
  private static final int MOST = 1_000_000;

  LimitSettings {
    within("max_running_jobs", maxRunningJobs, 0, MOST);
    within("max_queued_jobs", maxQueuedJobs, 0, MOST);
    within("max_device_seconds_per_month", maxDeviceSecondsPerMonth, 0, Long.MAX_VALUE);
    within("max_stored_bytes", maxStoredBytes, 0, Long.MAX_VALUE);
    within("max_priority", maxPriority, 0, HIGHEST_PRIORITY);
    within("max_requests_per_1_minute", maxRequestsPerMinute, 1, MOST);
    if (approval != null && !approval.equals(NO_APPROVAL) && !approval.equals(Limits.EVERY_JOB)) {
      throw RequestFailed.invalid("approval", "approval must be off or every_job.");
    }
    if (weight != null && !(weight >= 0.001 && weight <= 1000)) {
      throw RequestFailed.invalid("weight", "weight must be from 0.001 to 1000.");
    }
  }

  static LimitSettings of(ResultSet row, int number) throws SQLException {
    return new LimitSettings(
        row.getInt("max_running"),
        row.getObject("max_queued", Integer.class),
        row.getObject("max_device_seconds", Long.class),
        row.getObject("max_stored_bytes", Long.class),
        row.getInt("max_priority"),
        row.getDouble("weight"),
        row.getString("approval"),
        row.getObject("requests_per_minute", Integer.class));
  }

  LimitSettings requests(int perMinute) {
    return new LimitSettings(
        maxRunningJobs,
        maxQueuedJobs,
        maxDeviceSecondsPerMonth,
        maxStoredBytes,
        maxPriority,
        weight,
        approval,
        perMinute);
  }

  private static void within(String field, @Nullable Number value, long least, long most) {
    if (value != null && (value.longValue() < least || value.longValue() > most)) {
      throw RequestFailed.invalid(field, "%s must be from %d to %d.".formatted(field, least, most));
    }
  }
}
