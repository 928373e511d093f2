package dev.graft.tenancy.limits;

import dev.graft.tenancy.TenancyProperties;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What the departments may use, as administrators have said. */
@Service
public class DepartmentLimits {
  private static final String READ =
      """
      select max_running, running, coalesce(max_queued, :max_queued) as max_queued, max_device_seconds,
             case when month = this_month() then month_seconds else 0 end as month_seconds,
             max_stored_bytes, max_priority, approval, model_mode, model_ids
        from department where id = :id
      """;

  private static final String SAID =
      """
      select max_running, max_queued, max_device_seconds, max_stored_bytes, max_priority, weight,
             approval, requests_per_minute
        from department where id = :id for no key update
      """;

  private static final String SAY =
      """
      update department
         set max_running = :max_running, max_queued = :max_queued,
             max_device_seconds = :max_device_seconds, max_stored_bytes = :max_stored_bytes,
             max_priority = :max_priority, weight = :weight, approval = :approval,
             requests_per_minute = :requests_per_minute
       where id = :id
      """;

  private final JdbcClient sql;
  private final TenancyProperties settings;

  DepartmentLimits(JdbcClient sql, TenancyProperties settings) {
    this.sql = sql;
    this.settings = settings;
  }

  /** As they hold now. */
  @Transactional(readOnly = true)
  public Limits of(String departmentId) {
    return sql.sql(READ)
        .param("id", departmentId)
        .param("max_queued", settings.maxQueued())
        .query(Limits::of)
        .single();
  }

  /** As they were said; until the transaction ends nobody says otherwise. */
  @Transactional
  LimitSettings said(String departmentId) {
    return sql.sql(SAID).param("id", departmentId).query(LimitSettings::of).single();
  }

  @Transactional
  void say(String departmentId, LimitSettings limits) {
    Integer running = limits.maxRunningJobs();
    Integer priority = limits.maxPriority();
    Double weight = limits.weight();
    String approval = limits.approval();
    sql.sql(SAY)
        .param("id", departmentId)
        .param("max_running", running == null ? settings.maxRunning() : running)
        .param("max_queued", limits.maxQueuedJobs())
        .param("max_device_seconds", limits.maxDeviceSecondsPerMonth())
        .param("max_stored_bytes", limits.maxStoredBytes())
        .param("max_priority", priority == null ? LimitSettings.HIGHEST_PRIORITY : priority)
        .param("weight", weight == null ? 1 : weight)
        .param("approval", approval == null ? LimitSettings.NO_APPROVAL : approval)
        .param("requests_per_minute", limits.maxRequestsPerMinute())
        .update();
  }

  /**
   * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
   */
  @Transactional
  void permit(String departmentId, @Nullable String mode, String @Nullable [] models) {
    sql.sql("update department set model_mode = :mode, model_ids = :models where id = :id")
        .param("id", departmentId)
        .param("mode", mode)
        .param("models", models)
        .update();
  }

  /** Requests a minute that the department itself has been given. */
  @Transactional(readOnly = true)
  int requestsPerMinute(String departmentId) {
    return Optional.ofNullable(said(departmentId).maxRequestsPerMinute())
        .orElse(settings.requestsPerMinute());
  }
}
