package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's audit logs: who did what. */
@RestController
class AuditLogController {
  private final AuditEntries entries;

  AuditLogController(AuditEntries entries) {
    this.entries = entries;
  }

  @GetMapping("/v1/organization/audit_logs")
  CursorPage<ObjectNode> list(
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String before,
      @RequestParam @Nullable String limit,
      @RequestParam MultiValueMap<String, String> query) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    AuditEntries.AuditQuery asked = AuditEntries.AuditQuery.parse(query);
    List<AuditEntries.AuditEntry> rows =
        before == null
            ? entries.older(asked, page.after(), page.limit())
            : entries.newer(asked, before, page.limit());
    boolean more = rows.size() > page.limit();
    int extra = before == null ? 0 : 1;
    List<AuditEntries.AuditEntry> shown = more ? rows.subList(extra, page.limit() + extra) : rows;
    return CursorPage.of(
        shown.stream().map(AuditLogObject::of).toList(), more, each -> each.path("id").asString());
  }

  /** OpenAI's AuditLog, then Graft's {@code request_id} and the names of keys and accounts. */
  static final class AuditLogObject {
    private static final JsonMapper JSON = JsonMapper.shared();

    private AuditLogObject() {}

    static ObjectNode of(AuditEntries.AuditEntry entry) {
      ObjectNode json = JSON.createObjectNode();
      json.put("id", entry.id()).put("type", entry.type());
      json.put("effective_at", entry.effectiveAt().getEpochSecond());
      if (entry.departmentId() != null) {
        json.putObject("project")
            .put("id", entry.departmentId())
            .put("name", entry.departmentName());
      }
      json.set("actor", actor(entry));
      ObjectNode details = json.putObject(entry.type());
      if (entry.resourceId() != null) details.put("id", entry.resourceId());
      details.setAll((ObjectNode) JSON.readTree(entry.details()));
      if (entry.denials() != null && entry.deniedLastAt() != null) {
        details.put("count", entry.denials());
        details.put("first_at", entry.effectiveAt().getEpochSecond());
        details.put("last_at", entry.deniedLastAt().getEpochSecond());
      }
      json.put("request_id", entry.requestId());
      return json;
    }

    private static @Nullable ObjectNode actor(AuditEntries.AuditEntry entry) {
      Actor actor = entry.actor();
      if (actor.account().isEmpty()) return null;
      ObjectNode json = JSON.createObjectNode();
      if (actor.keyId() == null) {
        json.put("type", "session");
        ObjectNode session = json.putObject("session");
        user(session, actor);
        if (entry.ipAddress() != null) session.put("ip_address", entry.ipAddress());
        return json;
      }
      json.put("type", "api_key");
      ObjectNode key = json.putObject("api_key").put("id", actor.keyId());
      key.put("name", entry.keyName());
      if (actor.serviceAccountId() != null) {
        key.put("type", "service_account");
        key.putObject("service_account")
            .put("id", actor.serviceAccountId())
            .put("name", entry.serviceAccountName());
      } else {
        key.put("type", "user");
        if (actor.personId() != null) user(key, actor);
      }
      return json;
    }

    private static void user(ObjectNode of, Actor actor) {
      ObjectNode user = of.putObject("user").put("id", actor.personId());
      if (actor.email() != null) user.put("email", actor.email());
    }
  }
}
