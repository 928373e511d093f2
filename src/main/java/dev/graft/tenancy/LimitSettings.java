package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.graft.platform.RequestFailed;
import org.jspecify.annotations.Nullable;

/**
 * What administrators have said about a department. Null = the operator's default, or no limit.
 *
 * @param maxPriority from 0, which jobs have by default
 * @param weight its share of the devices among departments that wait
 * @param approval which jobs wait for an owner's: {@code off} or {@code every_job}
 */
public record LimitSettings(
    @Nullable Integer maxRunningJobs,
    @Nullable Integer maxQueuedJobs,
    @Nullable Long maxDeviceSecondsPerMonth,
    @Nullable Long maxStoredBytes,
    @Nullable Integer maxPriority,
    @Nullable Double weight,
    @Nullable String approval,
    @JsonProperty("max_requests_per_1_minute") @Nullable Integer maxRequestsPerMinute) {
  public static final String EVERY_JOB = "every_job";

  static final LimitSettings UNSAID =
      new LimitSettings(null, null, null, null, null, null, null, null);

  private static final String NO_APPROVAL = "off";
  private static final int HIGHEST_PRIORITY = 100;
  private static final int MOST = 1_000_000;

  public LimitSettings {
    within("max_running_jobs", maxRunningJobs, 0, MOST);
    within("max_queued_jobs", maxQueuedJobs, 0, MOST);
    within("max_device_seconds_per_month", maxDeviceSecondsPerMonth, 0, Long.MAX_VALUE);
    within("max_stored_bytes", maxStoredBytes, 0, Long.MAX_VALUE);
    within("max_priority", maxPriority, 0, HIGHEST_PRIORITY);
    within("max_requests_per_1_minute", maxRequestsPerMinute, 1, MOST);
    if (approval != null && !approval.equals(NO_APPROVAL) && !approval.equals(EVERY_JOB)) {
      throw RequestFailed.invalid("approval", "approval must be off or every_job.");
    }
    if (weight != null && !(weight >= 0.001 && weight <= 1000)) {
      throw RequestFailed.invalid("weight", "weight must be from 0.001 to 1000.");
    }
  }

  /** Where nothing has been said, what is kept in its place. */
  LimitSettings orElse(int maxRunning) {
    return new LimitSettings(
        maxRunningJobs == null ? Integer.valueOf(maxRunning) : maxRunningJobs,
        maxQueuedJobs,
        maxDeviceSecondsPerMonth,
        maxStoredBytes,
        maxPriority == null ? Integer.valueOf(HIGHEST_PRIORITY) : maxPriority,
        weight == null ? Double.valueOf(1) : weight,
        approval == null ? NO_APPROVAL : approval,
        maxRequestsPerMinute);
  }

  public LimitSettings requests(int perMinute) {
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
