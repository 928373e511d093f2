package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
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
    AuditQuery asked = AuditQuery.parse(query);
    List<AuditEntry> rows =
        before == null
            ? entries.older(asked, page.after(), page.limit())
            : entries.newer(asked, before, page.limit());
    boolean more = rows.size() > page.limit();
    int extra = before == null ? 0 : 1;
    List<AuditEntry> shown = more ? rows.subList(extra, page.limit() + extra) : rows;
    return CursorPage.of(
        shown.stream().map(AuditLogObject::of).toList(), more, each -> each.path("id").asString());
  }
}
