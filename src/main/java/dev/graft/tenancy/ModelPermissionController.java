package dev.graft.tenancy;

import dev.graft.platform.RequestFailed;
import dev.graft.tenancy.Limits.ModelPermissions;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's model permissions of a project: the base models that its jobs may use. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/model_permissions")
class ModelPermissionController {
  private static final int MOST = 1000;
  private static final String ALLOW = "allow_list";
  private static final String DENY = "deny_list";

  private final Limits.DepartmentLimits limits;
  private final Departments departments;
  private final ProjectAccess access;
  private final AuditLog audit;

  ModelPermissionController(
      Limits.DepartmentLimits limits,
      Departments departments,
      ProjectAccess access,
      AuditLog audit) {
    this.limits = limits;
    this.departments = departments;
    this.access = access;
    this.audit = audit;
  }

  record Change(@Nullable String mode, @Nullable List<String> modelIds) {}

  /** Without a rule, an empty deny list. */
  record PermissionsObject(String object, String mode, List<String> modelIds) {
    static PermissionsObject of(ModelPermissions permissions) {
      return new PermissionsObject(
          "project.model_permissions",
          permissions.allowList() ? ALLOW : DENY,
          permissions.models().stream().sorted().toList());
    }
  }

  record PermissionsDeleted(String object, boolean deleted) {}

  @GetMapping
  PermissionsObject get(@AuthenticationPrincipal Identity identity, @PathVariable String project) {
    return PermissionsObject.of(limits.of(access.toRead(identity, project).id()).models());
  }

  @PostMapping
  @Transactional
  PermissionsObject update(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody Change change) {
    String department = access.toWrite(identity, project).id();
    String mode = change.mode();
    if (!ALLOW.equals(mode) && !DENY.equals(mode)) {
      throw RequestFailed.invalid("mode", "mode must be allow_list or deny_list.");
    }
    List<String> models = RequestFailed.required(change.modelIds(), "model_ids");
    if (models.stream().anyMatch(Objects::isNull)) {
      throw RequestFailed.invalid("model_ids", "model_ids must contain strings.");
    }
    if (models.size() > MOST) {
      throw RequestFailed.invalid("model_ids", "model_ids must have at most " + MOST + " entries.");
    }
    departments.permit(department, mode, models);
    audit(department, Map.of("mode", mode, "model_ids", models));
    return get(identity, project);
  }

  @DeleteMapping
  @Transactional
  PermissionsDeleted delete(
      @AuthenticationPrincipal Identity identity, @PathVariable String project) {
    String department = access.toWrite(identity, project).id();
    departments.permit(department, null, null);
    audit(department, Map.of());
    return new PermissionsDeleted("project.model_permissions.deleted", true);
  }

  private void audit(String department, Map<String, ?> asked) {
    audit.write(
        "project.model_permissions.updated",
        department,
        department,
        Map.of("changes_requested", asked));
  }
}
