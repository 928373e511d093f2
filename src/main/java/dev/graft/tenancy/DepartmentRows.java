package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.platform.pagination.Cursor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.core.simple.JdbcClient.StatementSpec;
import org.springframework.stereotype.Repository;

/**
 * The statements on {@code department}, as far as administrators decide. What jobs count in the
 * same row ({@code running}, {@code used}, {@code month_seconds}) the queue's statements move.
 */
@Repository
class DepartmentRows {
  private static final String READ = "select id, name, created_at, archived_at from department d";

  private static final String LIMITS =
      """
      select max_running, max_queued, max_device_seconds, max_stored_bytes, max_priority, weight,
             approval, requests_per_minute
        from department where id = :id
      """;

  private final JdbcClient sql;

  DepartmentRows(JdbcClient sql) {
    this.sql = sql;
  }

  Optional<Department> read(String id) {
    return sql.sql(READ + " where id = :id")
        .param("id", id)
        .query(DepartmentRows::department)
        .optional();
  }

  Optional<String> findIdByName(String name) {
    return sql.sql("select id from department where lower(name) = lower(:name)")
        .param("name", name)
        .query(String.class)
        .optional();
  }

  /** Newest first, one more than the page has; an unknown cursor gives nothing. */
  List<Department> page(boolean archivedToo, Cursor page) {
    return sql.sql(
            READ
                + """
                   where (:archived_too or archived_at is null)
                     and (:after::text is null
                          or (created_at, id) < (select a.created_at, a.id from department a
                                                  where a.id = :after))
                   order by created_at desc, id desc limit :limit
                  """)
        .param("archived_too", archivedToo)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(DepartmentRows::department)
        .list();
  }

  private static Department department(ResultSet row, int number) throws SQLException {
    return new Department(
        row.getString("id"),
        row.getString("name"),
        time(row, "created_at"),
        timeOrNull(row, "archived_at"));
  }

  void insert(String id, String name, LimitSettings limits) {
    limits(
            """
            insert into department (id, name, slug, created_at, max_running, max_queued,
                                    max_device_seconds, max_stored_bytes, max_priority, weight,
                                    approval, requests_per_minute)
            values (:id, :name, :slug, graft_now(), :running, :queued, :device_seconds,
                    :stored_bytes, :priority, :weight, :approval, :requests)
            """,
            id,
            limits)
        .param("name", name)
        .param("slug", slug(name))
        .update();
  }

  /** What stands for a name where only a-z, 0-9 and - may: in the names of models. */
  private static String slug(String name) {
    String slug =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return slug.isEmpty() ? "department" : slug;
  }

  private StatementSpec limits(String statement, String id, LimitSettings limits) {
    return sql.sql(statement)
        .param("id", id)
        .param("running", limits.maxRunningJobs())
        .param("queued", limits.maxQueuedJobs())
        .param("device_seconds", limits.maxDeviceSecondsPerMonth())
        .param("stored_bytes", limits.maxStoredBytes())
        .param("priority", limits.maxPriority())
        .param("weight", limits.weight())
        .param("approval", limits.approval())
        .param("requests", limits.maxRequestsPerMinute());
  }

  /** False if it is archived. */
  boolean rename(String id, String name) {
    return sql.sql("update department set name = :name where id = :id and archived_at is null")
            .param("id", id)
            .param("name", name)
            .update()
        == 1;
  }

  /** For good; false if it is archived already. */
  boolean archive(String id, Instant now) {
    return sql.sql(
                "update department set archived_at = :now where id = :id and archived_at is null")
            .param("id", id)
            .param("now", parameter(now))
            .update()
        == 1;
  }

  LimitSettings limits(String id) {
    return sql.sql(LIMITS).param("id", id).query(DepartmentRows::limits).single();
  }

  /** Others who would change them wait until this transaction ends; the queue goes on counting. */
  LimitSettings limitsToChange(String id) {
    return sql.sql(LIMITS + " for no key update")
        .param("id", id)
        .query(DepartmentRows::limits)
        .single();
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

  void limit(String id, LimitSettings limits) {
    limits(
            """
            update department
               set max_running = :running, max_queued = :queued,
                   max_device_seconds = :device_seconds, max_stored_bytes = :stored_bytes,
                   max_priority = :priority, weight = :weight, approval = :approval,
                   requests_per_minute = :requests
             where id = :id
            """,
            id,
            limits)
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
