package dev.graft.tenancy;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.artifacts.Digest;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkKind;
import java.util.Base64;
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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

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

  /** Begins an erasure, which cannot be stopped; a repeated request returns the same erasure. */
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
          "name", "The name does not match the project's name; nothing was erased.");
    }
    if (request.reason() != null && !REASON.matcher(request.reason()).matches()) {
      throw RequestFailed.invalid(
          "reason", "reason must have 1 to 1000 characters and no control characters.");
    }
  }

  /** Lists erasures, newest first. */
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

  /**
   * An erasure on the wire. Times are unix seconds.
   *
   * @param sha256 SHA-256 of the certificate's canonical form
   * @param signature signature of the canonical form, in base64
   * @param publicKey SubjectPublicKeyInfo in base64
   */
  record ErasureObject(
      String id,
      String object,
      String projectId,
      String status,
      long requestedAt,
      String requestedBy,
      @Nullable String reason,
      Map<String, Long> rowsDeleted,
      @Nullable Long rowsDeletedAt,
      @Nullable Long finishedAt,
      @Nullable JsonNode certificate,
      @Nullable String sha256,
      @Nullable String signature,
      @Nullable String publicKey) {

    static ErasureObject of(Erasures.Erasure erasure) {
      Erasures.Erasure.Signed signed = erasure.signed();
      Base64.Encoder base64 = Base64.getEncoder();
      return new ErasureObject(
          erasure.id(),
          "organization.erasure",
          erasure.departmentId(),
          erasure.status().wire(),
          erasure.requestedAt().getEpochSecond(),
          erasure.requestedBy(),
          erasure.reason(),
          erasure.rowsDeleted(),
          UnixTime.seconds(erasure.rowsDeletedAt()),
          UnixTime.seconds(erasure.finishedAt()),
          signed == null ? null : JsonMapper.shared().readTree(signed.certificate()),
          signed == null ? null : Digest.of(signed.certificate().getBytes(UTF_8)).hex(),
          signed == null ? null : base64.encodeToString(signed.signature()),
          signed == null ? null : base64.encodeToString(signed.publicKey()));
    }
  }
}
