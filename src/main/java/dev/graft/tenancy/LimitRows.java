package dev.graft.tenancy;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The statements on what administrators have said about a {@code department}. What jobs count in
 * the same row ({@code running}, {@code used}, {@code month_seconds}) the queue's statements move.
 */
@Repository
class LimitRows {
  private static final String LIMITS =
      """
      select max_running, max_queued, max_device_seconds, max_stored_bytes, max_priority, weight,
             approval, requests_per_minute
        from department where id = :id
      """;

  private final JdbcClient sql;

  LimitRows(JdbcClient sql) {
    this.sql = sql;
  }

  LimitSettings find(String id) {
    return sql.sql(LIMITS).param("id", id).query(LimitRows::limits).single();
  }

  /** Others who would change them wait until this transaction ends; the queue goes on counting. */
  LimitSettings findToChange(String id) {
    return sql.sql(LIMITS + " for no key update").param("id", id).query(LimitRows::limits).single();
  }

  private static LimitSettings limits(ResultSet row, int number) throws SQLException {
    return new LimitSettings(
        row.getObject("max_running", Integer.class),
        row.getObject("max_queued", Integer.class),
        row.getObject("max_device_seconds", Long.class),
        row.getObject("max_stored_bytes", Long.class),
        row.getObject("max_priority", Integer.class),
        row.getObject("weight", Double.class),
        row.getString("approval"),
        row.getObject("requests_per_minute", Integer.class));
  }

  void update(String id, LimitSettings limits) {
    sql.sql(
            """
            update department
               set max_running = :running, max_queued = :queued,
                   max_device_seconds = :device_seconds, max_stored_bytes = :stored_bytes,
                   max_priority = :priority, weight = :weight, approval = :approval,
                   requests_per_minute = :requests
             where id = :id
            """)
        .param("id", id)
        .param("running", limits.maxRunningJobs())
        .param("queued", limits.maxQueuedJobs())
        .param("device_seconds", limits.maxDeviceSecondsPerMonth())
        .param("stored_bytes", limits.maxStoredBytes())
        .param("priority", limits.maxPriority())
        .param("weight", limits.weight())
        .param("approval", limits.approval())
        .param("requests", limits.maxRequestsPerMinute())
        .update();
  }

  /**
   * @param mode {@code allow_list} or {@code deny_list}; null with null = every base model
   */
  void permit(String id, @Nullable String mode, @Nullable List<String> models) {
    sql.sql("update department set model_mode = :mode, model_ids = :models where id = :id")
        .param("id", id)
        .param("mode", mode)
        .param("models", models == null ? null : models.toArray(String[]::new))
        .update();
  }
}
