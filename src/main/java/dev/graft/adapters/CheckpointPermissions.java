package dev.graft.adapters;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Which other departments may ask a model or a checkpoint, and continue from it. One that no row
 * names may not; a row is about exactly the name that it has, not about other checkpoints of the
 * job.
 */
@Component
class CheckpointPermissions implements Owned {
  private static final String CREATE =
      """
      insert into checkpoint_permission as p (id, model, owner_id, department_id, created_at, access)
      values (:id, :model, :owner, :department, graft_now(), coalesce(:access::text, 'use'))
      on conflict (model, department_id) do update set access = :access::text where p.access <> :access::text
      returning *
      """;

  /** An unknown cursor gives nothing. */
  private static final String LIST =
      """
      select * from checkpoint_permission
       where model = :model
         and (:department::text is null or department_id = :department)
         and (:after::text is null
              or (created_at, id) %s (select created_at, id from checkpoint_permission
                                       where id = :after and model = :model))
       order by created_at %s, id %s
       limit :limit
      """;

  private final JdbcClient sql;
  private final AuditLog audit;
  private final Ids ids;

  CheckpointPermissions(JdbcClient sql, AuditLog audit, Ids ids) {
    this.sql = sql;
    this.audit = audit;
    this.ids = ids;
  }

  /**
   * @param ownerId department whose model it is
   * @param departmentId that may use the model
   */
  public record CheckpointPermission(
      String id,
      Instant createdAt,
      String model,
      String ownerId,
      String departmentId,
      ModelAccess access) {
    private static CheckpointPermission of(ResultSet row, int number) throws SQLException {
      return new CheckpointPermission(
          row.getString("id"),
          ResultColumns.time(row, "created_at"),
          row.getString("model"),
          row.getString("owner_id"),
          row.getString("department_id"),
          ModelAccess.parse(row.getString("access")));
    }
  }

  /** The department whose model a permission is about. */
  @Override
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String id) {
    return sql.sql("select owner_id from checkpoint_permission where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  /** The department whose model it is, if this one may use it. */
  @Transactional(readOnly = true)
  public Optional<String> owner(String model, String departmentId) {
    return find(model, departmentId).map(CheckpointPermission::ownerId);
  }

  /** What the department may do with another's model; empty if nothing. */
  @Transactional(readOnly = true)
  Optional<ModelAccess> access(String model, String departmentId) {
    return find(model, departmentId).map(CheckpointPermission::access);
  }

  private Optional<CheckpointPermission> find(String model, String departmentId) {
    return sql.sql(
            """
            select * from checkpoint_permission
             where model = :model and department_id = :department
            """)
        .param("model", model)
        .param("department", departmentId)
        .query(CheckpointPermission::of)
        .optional();
  }

  /** Names of what other departments let this one use, the newest permission first. */
  @Transactional(readOnly = true)
  public List<String> sharedWith(String departmentId) {
    return sql.sql(
            """
            select model from checkpoint_permission where department_id = :department
             order by created_at desc, id desc
            """)
        .param("department", departmentId)
        .query((row, n) -> row.getString("model"))
        .list();
  }

  /**
   * Lets departments use a model.
   *
   * @param owner whose model it is
   * @param access null leaves those who may already with what they may, and lets others use it
   */
  @Transactional
  public List<CheckpointPermission> create(
      String model, String owner, List<String> departments, @Nullable ModelAccess access) {
    List<CheckpointPermission> permissions = new ArrayList<>();
    for (String department : departments) {
      sql.sql(CREATE)
          .param("id", ids.next("cp_"))
          .param("model", model)
          .param("owner", owner)
          .param("department", department)
          .param("access", access == null ? null : access.wire())
          .query(CheckpointPermission::of)
          .optional()
          .ifPresent(made -> note("checkpoint.permission.created", made));
      permissions.add(find(model, department).orElseThrow());
    }
    return permissions;
  }

  /**
   * A page and one more.
   *
   * @param departmentId only what this one may use; null = whoever
   */
  @Transactional(readOnly = true)
  public List<CheckpointPermission> page(String model, @Nullable String departmentId, Cursor page) {
    boolean ascending = page.order() == Cursor.SortOrder.ASC;
    String order = ascending ? "asc" : "desc";
    return sql.sql(LIST.formatted(ascending ? ">" : "<", order, order))
        .param("model", model)
        .param("department", departmentId)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(CheckpointPermission::of)
        .list();
  }

  /** False if the model has no such permission. */
  @Transactional
  public boolean delete(String model, String id) {
    Optional<CheckpointPermission> gone =
        sql.sql("delete from checkpoint_permission where id = :id and model = :model returning *")
            .param("id", id)
            .param("model", model)
            .query(CheckpointPermission::of)
            .optional();
    gone.ifPresent(permission -> note("checkpoint.permission.deleted", permission));
    return gone.isPresent();
  }

  private void note(String type, CheckpointPermission permission) {
    Map<String, String> data =
        Map.of(
            "fine_tuned_model_checkpoint",
            permission.model(),
            "project_id",
            permission.departmentId(),
            "access",
            permission.access().wire());
    audit.write(type, permission.ownerId(), permission.id(), Map.of("data", data));
  }

  /** How much of a model another department may have. */
  enum ModelAccess {
    /** Ask it, continue from it, see its card. */
    USE,
    /** That, and fetch its files. */
    DOWNLOAD;

    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }

    public static ModelAccess parse(String wire) {
      return switch (wire) {
        case "use" -> USE;
        case "download" -> DOWNLOAD;
        default -> throw RequestFailed.invalid("access", "access must be use or download.");
      };
    }
  }

  /** The adapters that a department sees: its own, and those of others that it may use. */
  @Component
  static class VisibleAdapters {
    private final Adapters adapters;
    private final CheckpointPermissions permissions;

    VisibleAdapters(Adapters adapters, CheckpointPermissions permissions) {
      this.adapters = adapters;
      this.permissions = permissions;
    }

    /** By id. */
    public Optional<Adapter> find(String departmentId, String id) {
      return adapters
          .find(departmentId, id)
          .or(
              () ->
                  adapters
                      .any(id)
                      .filter(a -> permissions.access(a.name(), departmentId).isPresent()));
    }

    public boolean mayDownload(String departmentId, Adapter adapter) {
      return adapter.departmentId().equals(departmentId)
          || permissions
              .access(adapter.name(), departmentId)
              .filter(access -> access == CheckpointPermissions.ModelAccess.DOWNLOAD)
              .isPresent();
    }
  }
}
