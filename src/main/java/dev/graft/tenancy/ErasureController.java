package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkKind;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** Erasure of archived departments, for administrators. */
@RestController
class ErasureController {
  private static final String ERASURES = "/v1/organization/erasures";
  private static final Pattern REASON = Pattern.compile("[^\\p{Cntrl}]{1,1000}");

  private final Erasures erasures;
  private final ProjectAccess access;
  private final LeasedWork work;
  private final AuditLog audit;
  private final Ids ids;

  ErasureController(
      Erasures erasures, ProjectAccess access, LeasedWork work, AuditLog audit, Ids ids) {
    this.erasures = erasures;
    this.access = access;
    this.work = work;
    this.audit = audit;
    this.ids = ids;
  }

  record ErasureRequest(@Nullable String name, @Nullable String reason) {}

  /** Begun for good when this returns; asked for again, it is the same erasure. */
  @Transactional
  @PostMapping("/v1/organization/projects/{project}/erasure")
  ErasureObject erase(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody ErasureRequest request) {
    Department department = access.toRead(identity, project);
    requireMeant(department, request);
    String id = ids.next("erasure_");
    if (erasures.begin(id, project, identity.actor().id(), request.reason())) {
      work.add(ErasureWork.KIND, id, WorkKind.ORGANIZATION);
      audit.write("project.erasure.requested", project, project, Map.of("erasure", id));
    }
    return ErasureObject.of(erasures.find(project).orElseThrow());
  }

  private static void requireMeant(Department department, ErasureRequest request) {
    if (department.archivedAt() == null) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE,
          "Only an archived project can be erased; archive it first.",
          "id");
    }
    if (!RequestFailed.required(request.name(), "name").equals(department.name())) {
      throw RequestFailed.invalid(
          "name", "This is not the name of the project; nothing is erased.");
    }
    if (request.reason() != null && !REASON.matcher(request.reason()).matches()) {
      throw RequestFailed.invalid(
          "reason", "A reason has 1 to 1000 characters and no control characters.");
    }
  }

  /** Newest first. */
  @GetMapping(ERASURES)
  CursorPage<ErasureObject> list(
      @RequestParam(required = false) @Nullable String after,
      @RequestParam(required = false) @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        erasures.page(page.after(), page.limit() + 1).stream().map(ErasureObject::of).toList(),
        page.limit(),
        ErasureObject::id);
  }

  @GetMapping(ERASURES + "/{erasure}")
  ErasureObject get(@PathVariable("erasure") String id) {
    return ErasureObject.of(
        erasures.find(id).orElseThrow(() -> RequestFailed.notFound("erasure", id)));
  }
}
