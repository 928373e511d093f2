package dev.graft.adapters;

import dev.graft.adapters.CheckpointPermission.Access;
import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Permissions to use models of another department: grants, withdraws and checks them. */
@Service
class Sharing implements Owned {
  private final Adapters adapters;
  private final CheckpointPermissions permissions;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Sharing(
      Adapters adapters,
      CheckpointPermissions permissions,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.adapters = adapters;
    this.permissions = permissions;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** Returns the department that the model of a permission belongs to. */
  @Override
  public Optional<String> departmentOf(String id) {
    return permissions.ownerOf(id);
  }

  /**
   * Lets departments use a model.
   *
   * @param owner department that the model belongs to
   * @param access null leaves existing permissions as they are, and grants the others {@code use}
   */
  @Transactional
  public List<CheckpointPermission> create(
      String model, String owner, List<String> departments, @Nullable Access access) {
    locks.take("permissions " + model);
    List<CheckpointPermission> granted = new ArrayList<>();
    for (String department : departments) {
      CheckpointPermission permission =
          permissions.findToChangeByModelAndDepartmentId(model, department).orElse(null);
      if (permission == null) {
        permission =
            permissions.save(
                new CheckpointPermission(
                    ids.next("cp_"),
                    model,
                    owner,
                    department,
                    access == null ? Access.USE : access,
                    clock.instant()));
        note("checkpoint.permission.created", permission);
      } else if (access != null && access != permission.access()) {
        permission.change(access);
        note("checkpoint.permission.created", permission);
      }
      granted.add(permission);
    }
    return granted;
  }

  /**
   * Returns a page and one more.
   *
   * @param departmentId null = of all departments
   */
  List<CheckpointPermission> page(String model, @Nullable String departmentId, Cursor page) {
    Limit limit = Limit.of(page.limit() + 1);
    return page.order() == Cursor.SortOrder.ASC
        ? permissions.oldest(model, departmentId, page.after(), limit)
        : permissions.newest(model, departmentId, page.after(), limit);
  }

  /** Returns false if the model has no such permission. */
  @Transactional
  public boolean delete(String model, String id) {
    Optional<CheckpointPermission> found = permissions.findToChangeByModelAndId(model, id);
    found.ifPresent(
        permission -> {
          permissions.delete(permission);
          note("checkpoint.permission.deleted", permission);
        });
    return found.isPresent();
  }

  private void note(String type, CheckpointPermission permission) {
    Map<String, String> data =
        Map.of(
            "fine_tuned_model_checkpoint",
            permission.model(),
            "project_id",
            permission.departmentId(),
            "access",
            permission.access().wire);
    audit.write(type, permission.ownerId(), permission.id(), Map.of("data", data));
  }

  /** Finds an adapter of the department, or one that another department shares with it. */
  Optional<Adapter> findVisible(String departmentId, String id) {
    return adapters
        .find(departmentId, id)
        .or(() -> adapters.any(id).filter(each -> access(each, departmentId).isPresent()));
  }

  boolean mayDownload(String departmentId, Adapter adapter) {
    return adapter.departmentId().equals(departmentId)
        || access(adapter, departmentId).filter(Access.DOWNLOAD::equals).isPresent();
  }

  private Optional<Access> access(Adapter adapter, String departmentId) {
    return permissions
        .findByModelAndDepartmentId(adapter.name(), departmentId)
        .map(CheckpointPermission::access);
  }
}
