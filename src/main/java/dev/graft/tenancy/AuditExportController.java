package dev.graft.tenancy;

import static java.nio.charset.StandardCharsets.UTF_8;

import jakarta.servlet.http.HttpServletResponse;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.util.List;
import java.util.Map;
import org.springframework.util.MultiValueMap;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/**
 * Exports the audit log as lines of JSON, oldest first. It is read page by page, so that no
 * transaction stays open while a slow client reads.
 */
@RestController
class AuditExportController {
  private static final int PAGE = 1000;

  private final AuditEntries entries;
  private final AuditLog audit;

  AuditExportController(AuditEntries entries, AuditLog audit) {
    this.entries = entries;
    this.audit = audit;
  }

  @GetMapping("/v1/organization/audit_logs/export")
  void export(@RequestParam MultiValueMap<String, String> query, HttpServletResponse response)
      throws IOException {
    AuditEntries.AuditQuery asked = AuditEntries.AuditQuery.parse(query);
    List<AuditEntries.AuditEntry> page = entries.oldest(asked, "", PAGE);
    audit.write("audit_log.exported", null, "audit_log", Map.of("filters", query));
    response.setContentType("application/jsonl");
    response.setHeader("content-disposition", "attachment; filename=\"audit-log.jsonl\"");
    Writer out = new BufferedWriter(new OutputStreamWriter(response.getOutputStream(), UTF_8));
    while (!page.isEmpty()) {
      for (AuditEntries.AuditEntry entry : page) {
        out.write(AuditLogController.AuditLogObject.of(entry).toString());
        out.write('\n');
      }
      out.flush();
      page = page.size() < PAGE ? List.of() : entries.oldest(asked, page.getLast().id(), PAGE);
    }
  }
}
