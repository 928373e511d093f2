package dev.graft.adapters.permissions;

import dev.graft.adapters.access.CheckpointPermissions;
import dev.graft.adapters.models.ModelResolver;
import dev.graft.platform.errors.ProblemType;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.pagination.Cursor;
import dev.graft.platform.pagination.CursorPage;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's permissions of checkpoints: administrators let other departments use a model. */
@RestController
@RequestMapping("/v1/fine_tuning/checkpoints/{checkpoint}/permissions")
class CheckpointPermissionController {
  private static final int MOST = 100;

  private final CheckpointPermissions permissions;
  private final ModelResolver models;
  private final PermittedProjects guests;

  CheckpointPermissionController(
      CheckpointPermissions permissions, ModelResolver models, PermittedProjects guests) {
    this.permissions = permissions;
    this.models = models;
    this.guests = guests;
  }

  record NewPermissions(@Nullable List<@Nullable String> projectIds) {}

  record PermissionObject(String id, String object, long createdAt, String projectId) {
    static PermissionObject of(CheckpointPermissions.CheckpointPermission permission) {
      return new PermissionObject(
          permission.id(),
          "checkpoint.permission",
          permission.createdAt().getEpochSecond(),
          permission.departmentId());
    }
  }

  record PermissionDeleted(String id, String object, boolean deleted) {}

  @PostMapping
  CursorPage<PermissionObject> create(
      @PathVariable String checkpoint, @RequestBody NewPermissions body) {
    String owner = owner(checkpoint);
    List<String> projects = guests.of(body.projectIds());
    return CursorPage.of(
        permissions.create(checkpoint, owner, projects, null).stream()
            .map(PermissionObject::of)
            .toList(),
        false,
        PermissionObject::id);
  }

  @GetMapping
  CursorPage<PermissionObject> list(
      @PathVariable String checkpoint,
      @RequestParam(name = "project_id", required = false) @Nullable String project,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit,
      @RequestParam(required = false) @Nullable String order) {
    owner(checkpoint);
    Cursor page = Cursor.parse(after, limit, order(order), 10, MOST);
    List<PermissionObject> rows =
        permissions.page(checkpoint, project, page).stream().map(PermissionObject::of).toList();
    return CursorPage.ofOneMore(rows, page.limit(), PermissionObject::id);
  }

  @DeleteMapping("/{permission}")
  PermissionDeleted delete(@PathVariable String checkpoint, @PathVariable String permission) {
    owner(checkpoint);
    if (!permissions.delete(checkpoint, permission)) {
      throw RequestFailed.notFound("permission", permission);
    }
    return new PermissionDeleted(permission, "checkpoint.permission", true);
  }

  /** The department whose model this is. */
  private String owner(String checkpoint) {
    Optional<String> owner = models.owner(checkpoint);
    return owner.orElseThrow(
        () ->
            new RequestFailed(
                ProblemType.MODEL_NOT_FOUND,
                "There is no fine-tuned model or checkpoint '" + checkpoint + "'.",
                "fine_tuned_model_checkpoint"));
  }

  /** This list has words of its own. */
  private static @Nullable String order(@Nullable String order) {
    return switch (order) {
      case null -> null;
      case "ascending" -> "asc";
      case "descending" -> "desc";
      default -> throw RequestFailed.invalid("order", "order must be ascending or descending.");
    };
  }
}
