package dev.graft.tenancy;

import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** What the departments may use, with what the queue counts beside it. */
@Service
public class DepartmentLimits {
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

  /** As they hold now. */
  @Transactional(readOnly = true)
  public Limits of(String departmentId) {
    return sql.sql(READ)
        .param("id", departmentId)
        .param("max_queued", settings.maxQueued())
        .query(Limits::of)
        .single();
  }
}
