package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.tenancy.ServiceAccounts.ServiceAccount;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The service accounts of the departments. */
@Service
class ServiceAccounts {
  private final ServiceAccountRows rows;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ServiceAccounts(ServiceAccountRows rows, AuditLog audit, Ids ids, Clock clock) {
    this.rows = rows;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Transactional
  ServiceAccount create(String departmentId, String name, Role role) {
    String id = ids.next("svc_acct_");
    ServiceAccount account = new ServiceAccount(id, departmentId, name, role, clock.instant());
    rows.insert(account);
    Map<String, String> data = Map.of("role", role.wire());
    audit.write("service_account.created", departmentId, id, Map.of("data", data));
    return account;
  }

  @Transactional(readOnly = true)
  Optional<ServiceAccount> find(String departmentId, String id) {
    return rows.find(departmentId, id);
  }

  /** A page and one more, newest first. */
  @Transactional(readOnly = true)
  List<ServiceAccount> list(String departmentId, Cursor page) {
    return rows.page(departmentId, page);
  }

  /** Null leaves something as it is; empty if there is no such account. */
  @Transactional
  Optional<ServiceAccount> change(
      String departmentId, String id, @Nullable String name, @Nullable Role role) {
    Optional<ServiceAccount> account = rows.change(departmentId, id, name, role);
    if (account.isEmpty()) return account;
    Map<String, String> asked = role == null ? Map.of() : Map.of("role", role.wire());
    audit.write("service_account.updated", departmentId, id, Map.of("changes_requested", asked));
    return account;
  }

  /** With its keys, which open nothing any more; false if there is no such account. */
  @Transactional
  boolean delete(String departmentId, String id) {
    if (!rows.delete(departmentId, id, clock.instant())) return false;
    audit.write("service_account.deleted", departmentId, id, Map.of());
    return true;
  }

  /** A program that works for a department; keys are its. */
  record ServiceAccount(
      String id, String departmentId, String name, Role role, Instant createdAt) {}

  /** The statements on {@code service_account}: those that are not deleted, by department. */
  @Repository
  static class ServiceAccountRows {
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
      return sql.sql(
                  "update service_account set deleted_at = :now" + OF_DEPARTMENT + " and id = :id")
              .param("department", department)
              .param("id", id)
              .param("now", parameter(now))
              .update()
          == 1;
    }
  }
}
