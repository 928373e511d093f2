package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.database.ResultColumns;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * The limits of a department, with what it uses.
 *
 * @param maxDeviceSecondsPerMonth device time of all jobs in a calendar month (UTC); null = no
 *     limit
 * @param monthSeconds device time of leases that ended this month
 * @param maxStoredBytes bytes of files; null = the operator's default
 * @param maxPriority highest priority of a job
 * @param approval which jobs wait for approval: {@code off}, or {@link LimitSettings#EVERY_JOB}
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

  /** Without a rule, no model is denied. */
  private static ModelPermissions models(ResultSet row) throws SQLException {
    List<String> models = ResultColumns.textsOrNull(row, "model_ids");
    return models == null
        ? new ModelPermissions(false, Set.of())
        : new ModelPermissions(
            row.getString("model_mode").equals("allow_list"), Set.copyOf(models));
  }

  /**
   * Which base models a department's jobs may use.
   *
   * @param allowList whether only these models are allowed, or all others
   */
  public record ModelPermissions(boolean allowList, Set<String> models) {
    public boolean allows(String model) {
      return models.contains(model) == allowList;
    }
  }

  /** Reads the limits of departments, with the queue's counters. */
  @Service
  public static class DepartmentLimits {
    private static final String READ =
        """
        select max_running, running, coalesce(max_queued, :max_queued) as max_queued, max_device_seconds,
               case when month = this_month() then month_seconds else 0 end as month_seconds,
               max_stored_bytes, max_priority, approval, model_mode, model_ids
          from department where id = :id
        """;

    private final JdbcClient sql;
    private final TenancyProperties settings;

    DepartmentLimits(JdbcClient sql, TenancyProperties settings) {
      this.sql = sql;
      this.settings = settings;
    }

    /** Returns the limits in force. */
    @Transactional(readOnly = true)
    public Limits of(String departmentId) {
      return sql.sql(READ)
          .param("id", departmentId)
          .param("max_queued", settings.maxQueued())
          .query(Limits::of)
          .single();
    }
  }

  /**
   * The limits that administrators set for a department. Null = the operator's default, or no
   * limit.
   *
   * @param maxPriority from 0, the default priority of jobs
   * @param weight the department's share of the devices, relative to other departments that wait
   * @param approval which jobs wait for an owner's approval: {@code off} or {@code every_job}
   */
  @Embeddable
  public record LimitSettings(
      @Column(name = "max_running") @Nullable Integer maxRunningJobs,
      @Column(name = "max_queued") @Nullable Integer maxQueuedJobs,
      @Column(name = "max_device_seconds") @Nullable Long maxDeviceSecondsPerMonth,
      @Nullable Long maxStoredBytes,
      @JdbcTypeCode(SqlTypes.SMALLINT) @Nullable Integer maxPriority,
      @Nullable Double weight,
      @Nullable String approval,
      @Column(name = "requests_per_minute") @JsonProperty("max_requests_per_1_minute")
          @Nullable Integer maxRequestsPerMinute) {
    public static final String EVERY_JOB = "every_job";

    static final LimitSettings UNSET =
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

    /** Returns these limits with defaults in place of null, where the column is not null. */
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
        throw RequestFailed.invalid(
            field, "%s must be from %d to %d.".formatted(field, least, most));
      }
    }
  }

  /** Measures how much of its quotas a department uses. Each module with quotas supplies a bean. */
  @FunctionalInterface
  public interface QuotaUsage {
    List<Measure> of(String departmentId);

    /**
     * @param name such as {@code queued_jobs}
     * @param limit null = none
     */
    record Measure(String name, double used, @Nullable Long limit) {}
  }
}
