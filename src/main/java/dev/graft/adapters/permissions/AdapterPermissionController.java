package dev.graft.adapters.permissions;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.access.CheckpointPermissions;
import dev.graft.adapters.access.ModelAccess;
import dev.graft.adapters.registry.Adapters;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.pagination.Cursor;
import dev.graft.platform.pagination.CursorPage;
import dev.graft.tenancy.Identity;
import dev.graft.tenancy.Permission;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * The permissions of {@link CheckpointPermissionController}, of an adapter and by its own
 * department's owners.
 */
@RestController
@RequestMapping("/v1/adapters/{id}/permissions")
class AdapterPermissionController {
  private final CheckpointPermissions permissions;
  private final Adapters adapters;
  private final PermittedProjects guests;

  AdapterPermissionController(
      CheckpointPermissions permissions, Adapters adapters, PermittedProjects guests) {
    this.permissions = permissions;
    this.adapters = adapters;
    this.guests = guests;
  }

  record NewPermissions(@Nullable List<@Nullable String> projectIds, @Nullable String access) {}

  record PermissionObject(
      String id, String object, long createdAt, String projectId, String access) {
    static PermissionObject of(CheckpointPermissions.CheckpointPermission permission) {
      return new PermissionObject(
          permission.id(),
          "adapter.permission",
          permission.createdAt().getEpochSecond(),
          permission.departmentId(),
          permission.access().wire());
    }
  }

  record PermissionDeleted(String id, String object, boolean deleted) {}

  /** Departments that have a permission already get this one instead. */
  @PostMapping
  CursorPage<PermissionObject> create(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @RequestBody NewPermissions body) {
    Adapter adapter = require(identity, id, Permission.ORGANIZATION_WRITE);
    ModelAccess access = body.access() == null ? ModelAccess.USE : ModelAccess.parse(body.access());
    List<String> projects = guests.of(body.projectIds());
    if (projects.contains(adapter.departmentId())) {
      throw RequestFailed.invalid("project_ids", "The adapter is this project's own.");
    }
    return CursorPage.of(
        permissions.create(adapter.name(), adapter.departmentId(), projects, access).stream()
            .map(PermissionObject::of)
            .toList(),
        false,
        PermissionObject::id);
  }

  @GetMapping
  CursorPage<PermissionObject> list(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Adapter adapter = require(identity, id, Permission.ORGANIZATION_READ);
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    List<PermissionObject> rows =
        permissions.page(adapter.name(), null, page).stream().map(PermissionObject::of).toList();
    return CursorPage.ofOneMore(rows, page.limit(), PermissionObject::id);
  }

  @DeleteMapping("/{permission}")
  PermissionDeleted delete(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String id,
      @PathVariable String permission) {
    Adapter adapter = require(identity, id, Permission.ORGANIZATION_WRITE);
    if (!permissions.delete(adapter.name(), permission)) {
      throw RequestFailed.notFound("permission", permission);
    }
    return new PermissionDeleted(permission, "adapter.permission", true);
  }

  private Adapter require(Identity identity, String id, Permission forAll) {
    return adapters
        .any(id)
        .filter(adapter -> identity.reaches(adapter.departmentId(), forAll))
        .orElseThrow(() -> RequestFailed.notFound("adapter", id));
  }
}
