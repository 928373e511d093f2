package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.Cursor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code service_account}: those that are not deleted, by department. */
@Repository
class ServiceAccountRows {
  private static final String OF_DEPARTMENT =
      " where department_id = :department and deleted_at is null";

  private final JdbcClient sql;

  ServiceAccountRows(JdbcClient sql) {
    this.sql = sql;
  }

  void insert(ServiceAccount account) {
    sql.sql(
            """
            insert into service_account (id, department_id, name, role, created_at)
            values (:id, :department, :name, :role, :created)
            """)
        .param("id", account.id())
        .param("department", account.departmentId())
        .param("name", account.name())
        .param("role", account.role().wire())
        .param("created", parameter(account.createdAt()))
        .update();
  }

  Optional<ServiceAccount> find(String department, String id) {
    return sql.sql("select * from service_account" + OF_DEPARTMENT + " and id = :id")
        .param("department", department)
        .param("id", id)
        .query(ServiceAccountRows::account)
        .optional();
  }

  /** Newest first, one more than the page has; an unknown cursor gives nothing. */
  List<ServiceAccount> page(String department, Cursor page) {
    return sql.sql(
            "select * from service_account"
                + OF_DEPARTMENT
                + """
                 and (:after::text is null
                      or id < (select a.id from service_account a
                                where a.id = :after and a.department_id = :department))
                 order by id desc limit :limit
                """)
        .param("department", department)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(ServiceAccountRows::account)
        .list();
  }

  private static ServiceAccount account(ResultSet row, int number) throws SQLException {
    return new ServiceAccount(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        Role.of(row.getString("role")),
        time(row, "created_at"));
  }

  /** Null leaves something as it is; empty if there is no such account. */
  Optional<ServiceAccount> change(
      String department, String id, @Nullable String name, @Nullable Role role) {
    return sql.sql(
            "update service_account set name = coalesce(:name, name), role = coalesce(:role, role)"
                + OF_DEPARTMENT
                + " and id = :id returning *")
        .param("department", department)
        .param("id", id)
        .param("name", name)
        .param("role", role == null ? null : role.wire())
        .query(ServiceAccountRows::account)
        .optional();
  }

  /** False if there is no such account. */
  boolean delete(String department, String id, Instant now) {
    return sql.sql("update service_account set deleted_at = :now" + OF_DEPARTMENT + " and id = :id")
            .param("department", department)
            .param("id", id)
            .param("now", parameter(now))
            .update()
        == 1;
  }
}
