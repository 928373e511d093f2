package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
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
}
