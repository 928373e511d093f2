package dev.graft.jobs;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.Limits;
import dev.graft.tenancy.Limits.DepartmentLimits;
import dev.graft.tenancy.Limits.LimitSettings;
import dev.graft.tenancy.Limits.QuotaUsage;
import java.util.List;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Decides whether a department may queue another job. */
@Component
class Admission implements QuotaUsage {
  /** Each state has an index of its own. */
  private static final String QUEUED =
      """
      select (select count(*) from job where department_id = :department and state = 'queued')
           + (select count(*) from job where department_id = :department and state = 'waiting')
      """;

  /** Device-seconds of live leases; those of ended leases are in the department's row. */
  private static final String LIVE_SECONDS =
      """
      select coalesce(sum(devices_of(j.device_needs)
               * extract(epoch from least(graft_now(), l.expires_at) - l.claimed_at)), 0)
        from job j join job_lease l on l.job_id = j.id and l.ended_at is null
       where j.department_id = :department and j.state = 'running'
      """;

  private final DepartmentLimits limits;
  private final TransactionLocks locks;
  private final JdbcClient sql;

  Admission(DepartmentLimits limits, TransactionLocks locks, JdbcClient sql) {
    this.limits = limits;
    this.locks = locks;
    this.sql = sql;
  }

  /**
   * Checks the department's limits, in the transaction that submits.
   *
   * @param priority that the client asked for
   * @return whether the job must wait for approval
   * @throws RequestFailed if the job exceeds a limit
   */
  @Transactional(propagation = Propagation.MANDATORY)
  boolean require(String department, String baseModel, int priority) {
    // Of two concurrent requests the second counts the job of the first.
    locks.take("queue of " + department);
    Limits may = limits.of(department);
    requireModel(may, baseModel);
    if (priority > may.maxPriority()) {
      throw RequestFailed.invalid(
          "priority",
          "The priority of jobs of this department is at most " + may.maxPriority() + ".");
    }
    long queued = queued(department);
    if (queued >= may.maxQueuedJobs()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "This department has %d waiting %s, and its limit is %d. Cancel one, or wait until one starts."
              .formatted(queued, queued == 1 ? "job" : "jobs", may.maxQueuedJobs()));
    }
    requireDeviceTime(department, may);
    return may.approval().equals(LimitSettings.EVERY_JOB);
  }

  private void requireDeviceTime(String department, Limits may) {
    Long most = may.maxDeviceSecondsPerMonth();
    if (most == null) return;
    double used = deviceSeconds(department, may);
    if (used >= most) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          ("This department has used %.0f of its %d device-seconds of this month (UTC). Ask an"
                  + " administrator for more, or submit again next month.")
              .formatted(used, most));
    }
  }

  private static void requireModel(Limits may, String baseModel) {
    if (!may.models().allows(baseModel)) {
      throw new RequestFailed(
          ProblemType.PERMISSION_DENIED,
          "This department may not use the base model '" + baseModel + "'.",
          "model");
    }
  }

  @Override
  public List<Measure> of(String department) {
    Limits may = limits.of(department);
    return List.of(
        new Measure("queued_jobs", queued(department), (long) may.maxQueuedJobs()),
        new Measure("running_jobs", may.runningJobs(), (long) may.maxRunningJobs()),
        new Measure(
            "device_seconds_this_month",
            deviceSeconds(department, may),
            may.maxDeviceSecondsPerMonth()));
  }

  private long queued(String department) {
    return sql.sql(QUEUED).param("department", department).query(Long.class).single();
  }

  private double deviceSeconds(String department, Limits may) {
    return may.monthSeconds()
        + sql.sql(LIVE_SECONDS).param("department", department).query(Double.class).single();
  }
}
