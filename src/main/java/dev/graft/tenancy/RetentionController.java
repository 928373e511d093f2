package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.time.Clock;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The retention policy of a department and its notices. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/retention")
class RetentionController {
  private final DepartmentRetention policies;
  private final RetentionNotices notices;
  private final ProjectAccess access;
  private final AuditLog audit;
  private final JsonMapper json;
  private final Clock clock;

  RetentionController(
      DepartmentRetention policies,
      RetentionNotices notices,
      ProjectAccess access,
      AuditLog audit,
      JsonMapper json,
      Clock clock) {
    this.policies = policies;
    this.notices = notices;
    this.access = access;
    this.audit = audit;
    this.json = json;
    this.clock = clock;
  }

  /**
   * @param settings what administrators have set; null = the operator's default
   * @param inForce the policy in force; null = for ever
   */
  record RetentionObject(
      String object, String projectId, RetentionDays settings, RetentionDays inForce) {}

  /** A notice on the wire. Times are unix seconds. */
  record NoticeObject(
      String id,
      String object,
      String kind,
      String resourceId,
      String name,
      long noticedAt,
      long deleteAt) {
    static NoticeObject of(RetentionNotices.Notice notice) {
      return new NoticeObject(
          notice.id(),
          "project.retention.notice",
          notice.kind().wire(),
          notice.resourceId(),
          notice.name(),
          notice.noticedAt().getEpochSecond(),
          notice.deleteAt().getEpochSecond());
    }
  }

  @GetMapping
  @Transactional
  RetentionObject get(@AuthenticationPrincipal Identity identity, @PathVariable String project) {
    String department = access.toRead(identity, project).id();
    return new RetentionObject(
        "project.retention",
        department,
        policies.settings(department),
        policies.inForce(department));
  }

  /** Lists the things that will be removed, the next first. */
  @GetMapping("/notices")
  CursorPage<NoticeObject> notices(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    String department = access.toRead(identity, project).id();
    return CursorPage.ofOneMore(
        notices.page(department, page.after(), page.limit() + 1).stream()
            .map(NoticeObject::of)
            .toList(),
        page.limit(),
        NoticeObject::id);
  }

  /** Changes the policy and withdraws the notices that it no longer requires. */
  @PostMapping
  @Transactional
  RetentionObject modify(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody JsonNode change) {
    String department = access.toWrite(identity, project).id();
    if (!(change instanceof ObjectNode changes)) {
      throw new RequestFailed(ProblemType.INVALID_REQUEST, "The body must be an object.", "$");
    }
    policies.lock(department);
    ObjectNode merged = json.valueToTree(policies.settings(department));
    merged.setAll(changes);
    policies.change(department, json.treeToValue(merged, RetentionDays.class));
    RetentionDays policy = policies.inForce(department);
    int withdrawn = 0;
    for (RetentionKind kind : RetentionKind.values()) {
      withdrawn += notices.hold(department, kind, policy, clock.instant());
    }
    audit.write(
        "project.retention.updated",
        department,
        department,
        Map.of("changes_requested", changes, "notices_withdrawn", withdrawn));
    return get(identity, project);
  }
}
