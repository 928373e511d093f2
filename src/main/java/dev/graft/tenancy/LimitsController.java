package dev.graft.tenancy;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The limits of a department and how much of each is used. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/limits")
class LimitsController {
  private final Departments departments;
  private final List<Limits.QuotaUsage> measured;
  private final ProjectAccess access;
  private final AuditLog audit;
  private final JsonMapper json;

  LimitsController(
      Departments departments,
      List<Limits.QuotaUsage> measured,
      ProjectAccess access,
      AuditLog audit,
      JsonMapper json) {
    this.departments = departments;
    this.measured = List.copyOf(measured);
    this.access = access;
    this.audit = audit;
    this.json = json;
  }

  /**
   * @param settings what administrators have set; null = the default, or no limit
   * @param quotas limits in force and how much of each is used, by name
   */
  record LimitsObject(
      String object, String projectId, Limits.LimitSettings settings, Map<String, Quota> quotas) {}

  record Quota(@Nullable Long limit, double used) {}

  @GetMapping
  @Transactional
  LimitsObject get(@AuthenticationPrincipal Identity identity, @PathVariable String project) {
    String department = access.toRead(identity, project).id();
    Map<String, Quota> quotas = new LinkedHashMap<>();
    for (Limits.QuotaUsage each : measured) {
      for (Limits.QuotaUsage.Measure measure : each.of(department)) {
        quotas.put(measure.name(), new Quota(measure.limit(), measure.used()));
      }
    }
    return new LimitsObject("project.limits", department, departments.limits(department), quotas);
  }

  @PostMapping
  @Transactional
  LimitsObject modify(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody JsonNode change) {
    String department = access.toWrite(identity, project).id();
    if (!(change instanceof ObjectNode changes)) {
      throw new RequestFailed(ProblemType.INVALID_REQUEST, "The body must be an object.", "$");
    }
    departments.limit(
        department,
        limits -> {
          ObjectNode merged = json.valueToTree(limits);
          merged.setAll(changes);
          return json.treeToValue(merged, Limits.LimitSettings.class);
        });
    audit.write(
        "project.limits.updated", department, department, Map.of("changes_requested", changes));
    return get(identity, project);
  }
}
