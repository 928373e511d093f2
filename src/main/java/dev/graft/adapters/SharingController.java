package dev.graft.adapters;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.adapters.CheckpointPermission.Access;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Department;
import dev.graft.tenancy.Departments;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Shares models with other departments: administrators share a model by name, as OpenAI's
 * checkpoint permissions; owners of a department share its adapters.
 */
@RestController
class SharingController {
  private static final String OF_CHECKPOINT =
      "/v1/fine_tuning/checkpoints/{checkpoint}/permissions";
  private static final String OF_ADAPTER = "/v1/adapters/{id}/permissions";
  private static final String CHECKPOINT = "checkpoint.permission";
  private static final String ADAPTER = "adapter.permission";
  private static final int MOST = 100;

  private final Sharing permissions;
  private final ModelResolver models;
  private final Adapters adapters;
  private final Departments departments;

  SharingController(
      Sharing permissions, ModelResolver models, Adapters adapters, Departments departments) {
    this.permissions = permissions;
    this.models = models;
    this.adapters = adapters;
    this.departments = departments;
  }

  record CheckpointGuests(@Nullable List<@Nullable String> projectIds) {}

  record AdapterGuests(@Nullable List<@Nullable String> projectIds, @Nullable String access) {}

  /**
   * @param access of an adapter; OpenAI's checkpoint permissions have none
   */
  record PermissionObject(
      String id,
      String object,
      long createdAt,
      String projectId,
      @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String access) {}

  /** A model and its department. */
  private record Shared(String object, String model, String owner) {
    PermissionObject shown(CheckpointPermission permission) {
      return new PermissionObject(
          permission.id(),
          object,
          permission.createdAt().getEpochSecond(),
          permission.departmentId(),
          object.equals(ADAPTER) ? permission.access().wire : null);
    }
  }

  @PostMapping(OF_CHECKPOINT)
  CursorPage<PermissionObject> create(
      @PathVariable String checkpoint, @RequestBody CheckpointGuests body) {
    return create(checkpoint(checkpoint), projects(body.projectIds()), null);
  }

  /** Replaces permissions that the departments already have. */
  @PostMapping(OF_ADAPTER)
  CursorPage<PermissionObject> create(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @RequestBody AdapterGuests body) {
    Shared adapter = adapter(identity, id, Permission.ORGANIZATION_WRITE);
    Access access = body.access() == null ? Access.USE : Access.parse(body.access());
    List<String> projects = projects(body.projectIds());
    if (projects.contains(adapter.owner())) {
      throw RequestFailed.invalid("project_ids", "The adapter belongs to one of these projects.");
    }
    return create(adapter, projects, access);
  }

  /** Returns distinct ids; refuses unknown and archived departments. */
  private List<String> projects(@Nullable List<@Nullable String> ids) {
    if (ids == null || ids.isEmpty()) {
      throw new RequestFailed(
          ProblemType.MISSING_PARAMETER,
          "Missing required parameter: 'project_ids'.",
          "project_ids");
    }
    if (ids.size() > MOST) {
      throw RequestFailed.invalid("project_ids", "project_ids must have at most " + MOST + " ids.");
    }
    return ids.stream().distinct().map(this::project).toList();
  }

  private String project(@Nullable String id) {
    return Optional.ofNullable(id)
        .flatMap(departments::get)
        .filter(department -> department.archivedAt() == null)
        .map(Department::id)
        .orElseThrow(() -> RequestFailed.invalid("project_ids", "No such project: " + id));
  }

  private CursorPage<PermissionObject> create(
      Shared shared, List<String> projects, @Nullable Access access) {
    return CursorPage.of(
        permissions.create(shared.model(), shared.owner(), projects, access).stream()
            .map(shared::shown)
            .toList(),
        false,
        PermissionObject::id);
  }

  @GetMapping(OF_CHECKPOINT)
  CursorPage<PermissionObject> list(
      @PathVariable String checkpoint,
      @RequestParam(name = "project_id", required = false) @Nullable String project,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit,
      @RequestParam(required = false) @Nullable String order) {
    Shared shared = checkpoint(checkpoint);
    return list(shared, project, Cursor.parse(after, limit, order(order), 10, MOST));
  }

  @GetMapping(OF_ADAPTER)
  CursorPage<PermissionObject> list(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Shared adapter = adapter(identity, id, Permission.ORGANIZATION_READ);
    return list(adapter, null, Cursor.parse(after, limit, null, 20, MOST));
  }

  private CursorPage<PermissionObject> list(Shared shared, @Nullable String project, Cursor page) {
    return CursorPage.ofOneMore(
        permissions.page(shared.model(), project, page).stream().map(shared::shown).toList(),
        page.limit(),
        PermissionObject::id);
  }

  @DeleteMapping(OF_CHECKPOINT + "/{permission}")
  DeletedObject delete(@PathVariable String checkpoint, @PathVariable String permission) {
    return delete(checkpoint(checkpoint), permission);
  }

  @DeleteMapping(OF_ADAPTER + "/{permission}")
  DeletedObject delete(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @PathVariable String permission) {
    return delete(adapter(identity, id, Permission.ORGANIZATION_WRITE), permission);
  }

  private DeletedObject delete(Shared shared, String permission) {
    if (!permissions.delete(shared.model(), permission)) {
      throw RequestFailed.notFound("permission", permission);
    }
    return new DeletedObject(permission, shared.object(), true);
  }

  private Shared checkpoint(String name) {
    return models
        .owner(name)
        .map(owner -> new Shared(CHECKPOINT, name, owner))
        .orElseThrow(
            () ->
                new RequestFailed(
                    ProblemType.MODEL_NOT_FOUND,
                    "There is no fine-tuned model or checkpoint '" + name + "'.",
                    "fine_tuned_model_checkpoint"));
  }

  private Shared adapter(Identity identity, String id, Permission forAll) {
    return adapters
        .any(id)
        .filter(adapter -> identity.reaches(adapter.departmentId(), forAll))
        .map(adapter -> new Shared(ADAPTER, adapter.name(), adapter.departmentId()))
        .orElseThrow(() -> RequestFailed.notFound("adapter", id));
  }

  /** OpenAI names the orders differently in this list. */
  private static @Nullable String order(@Nullable String order) {
    return switch (order) {
      case null -> null;
      case "ascending" -> "asc";
      case "descending" -> "desc";
      default -> throw RequestFailed.invalid("order", "order must be ascending or descending.");
    };
  }
}
