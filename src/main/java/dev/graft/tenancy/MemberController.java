package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's project users: the people of a department. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/users")
class MemberController {
  private final DepartmentMembers members;
  private final Members service;
  private final ProjectAccess access;

  MemberController(DepartmentMembers members, Members service, ProjectAccess access) {
    this.members = members;
    this.service = service;
    this.access = access;
  }

  /**
   * @param userId id of the person; null = the person with this {@code email}
   */
  record AddUser(@Nullable String userId, @Nullable String email, @Nullable String role) {}

  record ChangeUser(@Nullable String role) {}

  record UserObject(
      String id, String object, @Nullable String name, String email, String role, long addedAt) {
    static UserObject of(DepartmentMember member) {
      Person person = member.person();
      return new UserObject(
          person.id(),
          "organization.project.user",
          person.name(),
          person.email(),
          member.role().wire(),
          member.addedAt().getEpochSecond());
    }
  }

  @GetMapping
  CursorPage<UserObject> list(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    String department = access.toRead(identity, project).id();
    return CursorPage.ofOneMore(
        members.newest(department, page.after(), Limit.of(page.limit() + 1)),
        page,
        UserObject::of,
        UserObject::id);
  }

  @PostMapping
  UserObject add(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestBody AddUser request) {
    String department = access.toWrite(identity, project).id();
    Role role = grantable(identity, request.role());
    String person = request.userId();
    if (person == null) {
      if (request.email() == null) {
        throw new RequestFailed(
            ProblemType.MISSING_PARAMETER, "user_id or email is required.", "user_id");
      }
      person = service.known(request.email());
    }
    return UserObject.of(service.add(department, person, role));
  }

  @GetMapping("/{user}")
  UserObject get(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String user) {
    return members
        .find(access.toRead(identity, project).id(), user)
        .map(UserObject::of)
        .orElseThrow(() -> unknown(user));
  }

  @PostMapping("/{user}")
  UserObject modify(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String user,
      @RequestBody ChangeUser request) {
    String department = access.toWrite(identity, project).id();
    Role role = grantable(identity, request.role());
    return service
        .change(department, user, role)
        .map(UserObject::of)
        .orElseThrow(() -> unknown(user));
  }

  @DeleteMapping("/{user}")
  DeletedObject delete(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String user) {
    if (!service.remove(access.toWrite(identity, project).id(), user)) throw unknown(user);
    return new DeletedObject(user, "organization.project.user.deleted", true);
  }

  private static Role grantable(Identity identity, @Nullable String wire) {
    Role role = Role.parse(RequestFailed.required(wire, "role"));
    ProjectAccess.requireGrantable(identity, role.permissions());
    return role;
  }

  private static RequestFailed unknown(String user) {
    return RequestFailed.notFound("user of this project", user);
  }
}
