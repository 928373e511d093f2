package dev.graft.tenancy;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Set;
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

/** The keys of a department. */
@RestController
@RequestMapping("/v1/organization/projects/{project}/api_keys")
class ProjectKeyController {
  private static final String OBJECT = "organization.project.api_key";
  private static final long LONGEST_OVERLAP = Duration.ofDays(30).toSeconds();

  private final IssuedKeys issued;
  private final ApiKeys keys;
  private final ProjectAccess access;

  ProjectKeyController(IssuedKeys issued, ApiKeys keys, ProjectAccess access) {
    this.issued = issued;
    this.keys = keys;
    this.access = access;
  }

  /**
   * @param overlapSeconds how long the old key stays valid; null = it is revoked at once
   */
  record RotateRequest(@Nullable Long overlapSeconds) {}

  @GetMapping
  CursorPage<ProjectKeyObject> list(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    String department = access.toRead(identity, project).id();
    return CursorPage.ofOneMore(
        issued.newest(department, page.after(), Limit.of(page.limit() + 1)),
        page,
        ProjectKeyObject::of,
        ProjectKeyObject::id);
  }

  @GetMapping("/{key}")
  ProjectKeyObject get(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String key) {
    return ProjectKeyObject.of(require(access.toRead(identity, project), key));
  }

  @DeleteMapping("/{key}")
  DeletedObject delete(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String key) {
    keys.revoke(require(access.toWrite(identity, project), key).key().id());
    return new DeletedObject(key, OBJECT + ".deleted", true);
  }

  @PostMapping("/{key}/rotate")
  NewKeyObject rotate(
      @AuthenticationPrincipal Identity identity,
      @PathVariable String project,
      @PathVariable String key,
      @RequestBody(required = false) @Nullable RotateRequest request) {
    ApiKey.Owned old = require(access.toWrite(identity, project), key);
    ProjectAccess.requireGrantable(identity, permissions(old));
    return NewKeyObject.of(keys.rotate(old.key().id(), overlap(request)), "organization.project");
  }

  private static Set<Permission> permissions(ApiKey.Owned owned) {
    ApiKey key = owned.key();
    Set<Permission> permissions = owned.role().permissions();
    if (key.admin()) permissions.addAll(Permission.OF_ADMINISTRATORS);
    if (key.scopes() != null) permissions.retainAll(Permission.of(key.scopes()));
    return permissions;
  }

  private static Duration overlap(@Nullable RotateRequest request) {
    long seconds =
        request == null || request.overlapSeconds() == null ? 0 : request.overlapSeconds();
    if (seconds < 0 || seconds > LONGEST_OVERLAP) {
      throw RequestFailed.invalid(
          "overlap_seconds", "overlap_seconds must be from 0 to " + LONGEST_OVERLAP + ".");
    }
    return Duration.ofSeconds(seconds);
  }

  private ApiKey.Owned require(Department department, String key) {
    return issued
        .find(department.id(), key)
        .orElseThrow(() -> RequestFailed.notFound("key of this project", key));
  }

  /**
   * OpenAI's ProjectApiKey, then Graft's {@code scopes}, {@code expires_at} and {@code replaces}.
   *
   * @param ownerProjectAccess {@code inactive} if the owner has no permissions in this project
   * @param replaces id of the key that was rotated to this one, or null
   */
  record ProjectKeyObject(
      String id,
      String object,
      String name,
      String redactedValue,
      long createdAt,
      @Nullable Long lastUsedAt,
      String ownerProjectAccess,
      Owner owner,
      @Nullable List<String> scopes,
      @Nullable Long expiresAt,
      @Nullable String replaces) {

    /** The owner, in the field that {@code type} names. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Owner(String type, @Nullable Account user, @Nullable Account serviceAccount) {}

    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Account(String id, @Nullable String email, String name, long createdAt, String role) {}

    static ProjectKeyObject of(ApiKey.Owned owned) {
      ApiKey key = owned.key();
      return new ProjectKeyObject(
          key.id(),
          "organization.project.api_key",
          key.name(),
          key.prefix() + "...",
          key.createdAt().getEpochSecond(),
          UnixTime.seconds(key.lastUsedAt()),
          owned.role() == Role.NONE ? "inactive" : "active",
          owner(owned),
          key.scopes(),
          UnixTime.seconds(key.expiresAt()),
          key.replaces());
    }

    private static Owner owner(ApiKey.Owned owned) {
      String role = owned.role().wire();
      ServiceAccount account = owned.account();
      if (account != null) {
        long since = account.createdAt().getEpochSecond();
        return new Owner(
            "service_account", null, new Account(account.id(), null, account.name(), since, role));
      }
      Person person = Objects.requireNonNull(owned.person());
      DepartmentMember member = owned.member();
      Instant since = member == null ? person.createdAt() : member.addedAt();
      String name = person.name() == null ? person.email() : person.name();
      return new Owner(
          "user",
          new Account(person.id(), person.email(), name, since.getEpochSecond(), role),
          null);
    }
  }

  /**
   * A new key on the wire.
   *
   * @param value the key, which is shown only once
   */
  record NewKeyObject(String object, String id, String name, String value, long createdAt) {
    /**
     * @param owner the owner's {@code object}
     */
    static NewKeyObject of(ApiKeys.Created key, String owner) {
      return new NewKeyObject(
          owner + ".api_key", key.id(), key.name(), key.secret(), key.createdAt().getEpochSecond());
    }
  }
}
