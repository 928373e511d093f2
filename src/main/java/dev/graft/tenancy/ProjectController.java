package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's projects: the departments. */
@RestController
@RequestMapping("/v1/organization/projects")
class ProjectController {
  private final Departments departments;
  private final ProjectAccess access;
  private final Idempotency idempotency;

  ProjectController(Departments departments, ProjectAccess access, Idempotency idempotency) {
    this.departments = departments;
    this.access = access;
    this.idempotency = idempotency;
  }

  record ProjectRequest(@Nullable String name) {}

  @GetMapping
  CursorPage<ProjectObject> list(
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit,
      @RequestParam(name = "include_archived") @Nullable String archivedToo) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        departments.list(page, flag(archivedToo)), page, ProjectObject::of, ProjectObject::id);
  }

  private static boolean flag(@Nullable String archivedToo) {
    return switch (archivedToo) {
      case null -> false;
      case "false" -> false;
      case "true" -> true;
      default ->
          throw RequestFailed.invalid(
              "include_archived", "include_archived must be true or false.");
    };
  }

  @PostMapping
  ProjectObject create(
      @AuthenticationPrincipal Identity identity,
      HttpServletRequest http,
      @RequestBody ProjectRequest request) {
    String name = RequestFailed.required(request.name(), "name");
    IdempotentRequest submission =
        IdempotentRequest.of(
            http,
            identity.actor().account(),
            "POST /v1/organization/projects",
            IdempotentRequest.hash(name));
    String id = idempotency.once(submission, () -> departments.create(name).id());
    return get(identity, id);
  }

  @GetMapping("/{project}")
  ProjectObject get(@AuthenticationPrincipal Identity identity, @PathVariable String project) {
    return ProjectObject.of(access.toRead(identity, project));
  }

  @PostMapping("/{project}")
  ProjectObject modify(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody ProjectRequest request) {
    access.toWrite(identity, project);
    if (request.name() != null) departments.rename(project, request.name());
    return get(identity, project);
  }

  @PostMapping("/{project}/archive")
  ProjectObject archive(@AuthenticationPrincipal Identity identity, @PathVariable String project) {
    access.toRead(identity, project);
    departments.archive(project);
    return get(identity, project);
  }

  /** OpenAI's Project: a department on the wire. */
  record ProjectObject(
      String id,
      String object,
      String name,
      long createdAt,
      @Nullable Long archivedAt,
      String status) {
    static ProjectObject of(Department department) {
      Instant archived = department.archivedAt();
      return new ProjectObject(
          department.id(),
          "organization.project",
          department.name(),
          department.createdAt().getEpochSecond(),
          UnixTime.seconds(archived),
          archived == null ? "active" : "archived");
    }
  }
}
