package dev.graft.tenancy;

import dev.graft.platform.Ids;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Changes service accounts and writes the changes to the audit log. */
@Service
class ServiceAccountService {
  private final ServiceAccounts accounts;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ServiceAccountService(ServiceAccounts accounts, AuditLog audit, Ids ids, Clock clock) {
    this.accounts = accounts;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Transactional
  ServiceAccount create(String departmentId, String name, Role role) {
    String id = ids.next("svc_acct_");
    Map<String, String> data = Map.of("role", role.wire());
    audit.write("service_account.created", departmentId, id, Map.of("data", data));
    return accounts.save(new ServiceAccount(id, departmentId, name, role, clock.instant()));
  }

  /**
   * Returns the changed account, or empty if there is no such account.
   *
   * @param name null = unchanged
   * @param role null = unchanged
   */
  @Transactional
  Optional<ServiceAccount> change(
      String departmentId, String id, @Nullable String name, @Nullable Role role) {
    Optional<ServiceAccount> account = accounts.findToChange(departmentId, id);
    account.ifPresent(
        changed -> {
          if (name != null) changed.rename(name);
          if (role != null) changed.assign(role);
          Map<String, String> asked = role == null ? Map.of() : Map.of("role", role.wire());
          audit.write(
              "service_account.updated", departmentId, id, Map.of("changes_requested", asked));
        });
    return account;
  }

  /** Deletes an account, which ends its keys. Returns false if there is no such account. */
  @Transactional
  boolean delete(String departmentId, String id) {
    Optional<ServiceAccount> account = accounts.findToChange(departmentId, id);
    account.ifPresent(
        deleted -> {
          deleted.delete(clock.instant());
          audit.write("service_account.deleted", departmentId, id, Map.of());
        });
    return account.isPresent();
  }
}
