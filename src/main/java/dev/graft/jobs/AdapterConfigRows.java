package dev.graft.jobs;

import static dev.graft.platform.database.ResultColumns.parameter;

import java.time.Instant;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code adapter_config}: a name, whose settings are its versions. */
@Repository
class AdapterConfigRows {
  private final JdbcClient sql;

  AdapterConfigRows(JdbcClient sql) {
    this.sql = sql;
  }

  Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from adapter_config where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  boolean has(String department, String name) {
    return sql.sql(
            """
            select exists (select from adapter_config
                            where department_id = :department and name = :name
                              and deleted_at is null)
            """)
        .param("department", department)
        .param("name", name)
        .query(Boolean.class)
        .single();
  }

  /**
   * The id of the one with this id or name; no one else adds a version before this transaction
   * ends, so that numbers have no gap.
   */
  Optional<String> lock(String department, String key) {
    return sql.sql(
            """
            select id from adapter_config
             where department_id = :department and :key in (id, name) and deleted_at is null
               for no key update
            """)
        .param("department", department)
        .param("key", key)
        .query(String.class)
        .optional();
  }

  void insert(String id, String department, String name, Instant now) {
    sql.sql(
            """
            insert into adapter_config (id, department_id, name, created_at)
            values (:id, :department, :name, :now)
            """)
        .param("id", id)
        .param("department", department)
        .param("name", name)
        .param("now", parameter(now))
        .update();
  }

  void delete(String id, Instant now) {
    sql.sql("update adapter_config set deleted_at = :now where id = :id")
        .param("id", id)
        .param("now", parameter(now))
        .update();
  }
}
