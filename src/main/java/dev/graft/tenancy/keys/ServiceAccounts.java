package dev.graft.tenancy.keys;

import dev.graft.platform.Ids;
import dev.graft.platform.pagination.Cursor;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Role;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The service accounts of the departments. */
@Service
class ServiceAccounts {
  private static final String INSERT =
      """
      insert into service_account (id, department_id, name, role, created_at)
      values (:id, :department, :name, :role, graft_now())
      """;

  private static final String FIND =
      """
      select * from service_account
       where id = :id and department_id = :department and deleted_at is null
      """;

  /** An unknown cursor gives nothing. */
  private static final String LIST =
      """
      select * from service_account
       where department_id = :department and deleted_at is null
         and (:after::text is null
              or id < (select id from service_account
                        where id = :after and department_id = :department))
       order by id desc
       limit :limit
      """;

  private static final String CHANGE =
      """
      update service_account set name = coalesce(:name, name), role = coalesce(:role, role)
       where id = :id and department_id = :department and deleted_at is null
      """;

  private static final String DELETE =
      """
      update service_account set deleted_at = graft_now()
       where id = :id and department_id = :department and deleted_at is null
      """;

  private final JdbcClient sql;
  private final AuditLog audit;
  private final Ids ids;

  ServiceAccounts(JdbcClient sql, AuditLog audit, Ids ids) {
    this.sql = sql;
    this.audit = audit;
    this.ids = ids;
  }

  @Transactional
  ServiceAccount create(String departmentId, String name, Role role) {
    String id = ids.next("svc_acct_");
    sql.sql(INSERT)
        .param("id", id)
        .param("department", departmentId)
        .param("name", name)
        .param("role", role.wire())
        .update();
    Map<String, String> data = Map.of("role", role.wire());
    audit.write("service_account.created", departmentId, id, Map.of("data", data));
    return find(departmentId, id).orElseThrow();
  }

  @Transactional(readOnly = true)
  Optional<ServiceAccount> find(String departmentId, String id) {
    return sql.sql(FIND)
        .param("department", departmentId)
        .param("id", id)
        .query(ServiceAccount::of)
        .optional();
  }

  /** A page and one more, newest first. */
  @Transactional(readOnly = true)
  List<ServiceAccount> list(String departmentId, Cursor page) {
    return sql.sql(LIST)
        .param("department", departmentId)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(ServiceAccount::of)
        .list();
  }

  /** Null leaves something as it is; false if there is no such account. */
  @Transactional
  boolean change(String departmentId, String id, @Nullable String name, @Nullable Role role) {
    String wire = role == null ? null : role.wire();
    int changed =
        sql.sql(CHANGE)
            .param("department", departmentId)
            .param("id", id)
            .param("name", name)
            .param("role", wire)
            .update();
    if (changed == 0) return false;
    Map<String, String> asked = wire == null ? Map.of() : Map.of("role", wire);
    audit.write("service_account.updated", departmentId, id, Map.of("changes_requested", asked));
    return true;
  }

  /** With its keys, which open nothing any more; false if there is no such account. */
  @Transactional
  boolean delete(String departmentId, String id) {
    if (sql.sql(DELETE).param("department", departmentId).param("id", id).update() == 0) {
      return false;
    }
    audit.write("service_account.deleted", departmentId, id, Map.of());
    return true;
  }
}
