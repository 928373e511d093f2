package dev.graft.tenancy;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** OpenAI's audit logs, and their export. */
@RestController
class AuditLogController {
  private static final int EXPORT_PAGE = 1000;

  private final AuditEntries entries;
  private final AuditLog audit;

  AuditLogController(AuditEntries entries, AuditLog audit) {
    this.entries = entries;
    this.audit = audit;
  }

  @GetMapping("/v1/organization/audit_logs")
  CursorPage<ObjectNode> list(
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String before,
      @RequestParam @Nullable String limit,
      @RequestParam MultiValueMap<String, String> query) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    AuditEntries.Filters asked = AuditEntries.Filters.parse(query);
    List<AuditEntries.Entry> rows =
        before == null
            ? entries.older(asked, page.after(), page.limit())
            : entries.newer(asked, before, page.limit());
    boolean more = rows.size() > page.limit();
    int extra = before == null ? 0 : 1;
    List<AuditEntries.Entry> shown = more ? rows.subList(extra, page.limit() + extra) : rows;
    return CursorPage.of(
        shown.stream().map(AuditLogObject::of).toList(), more, each -> each.path("id").asString());
  }

  /**
   * Exports the log as lines of JSON, oldest first. It is read page by page, so that no transaction
   * stays open while a slow client reads.
   */
  @GetMapping("/v1/organization/audit_logs/export")
  void export(@RequestParam MultiValueMap<String, String> query, HttpServletResponse response)
      throws IOException {
    AuditEntries.Filters asked = AuditEntries.Filters.parse(query);
    List<AuditEntries.Entry> page = entries.oldest(asked, "", EXPORT_PAGE);
    audit.write("audit_log.exported", null, "audit_log", Map.of("filters", query));
    response.setContentType("application/jsonl");
    response.setHeader("content-disposition", "attachment; filename=\"audit-log.jsonl\"");
    Writer out = new BufferedWriter(new OutputStreamWriter(response.getOutputStream(), UTF_8));
    while (!page.isEmpty()) {
      for (AuditEntries.Entry entry : page) {
        out.write(AuditLogObject.of(entry).toString());
        out.write('\n');
      }
      out.flush();
      page =
          page.size() < EXPORT_PAGE
              ? List.of()
              : entries.oldest(asked, page.getLast().id(), EXPORT_PAGE);
    }
  }

  /** OpenAI's AuditLog, then Graft's {@code request_id} and the names of keys and accounts. */
  static final class AuditLogObject {
    private static final JsonMapper JSON = JsonMapper.shared();

    private AuditLogObject() {}

    static ObjectNode of(AuditEntries.Entry entry) {
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

    private static @Nullable ObjectNode actor(AuditEntries.Entry entry) {
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
