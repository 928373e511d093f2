package dev.graft.tenancy;

import dev.graft.artifacts.BlobRef;
import dev.graft.platform.UnixTime;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * What was erased and what remains, as canonical JSON: keys sorted, no spaces, whole numbers, as
 * {@code jq -cS} writes it. Times are unix seconds.
 */
final class Certificate {
  private final Erasure erasure;
  private final Instant finishedAt;

  Certificate(Erasure erasure, Instant finishedAt) {
    this.erasure = erasure;
    this.finishedAt = finishedAt;
  }

  /**
   * @param shared what others need, too
   */
  record Content(List<BlobRef> deleted, List<BlobRef> shared) {}

  /**
   * @param auditEntries that are kept
   * @param auditMonths how many whole months they are kept; null = for ever
   * @param backups how long they are kept; null = not known
   */
  record Kept(long auditEntries, @Nullable Integer auditMonths, @Nullable Duration backups) {}

  String json(Content content, Kept kept) {
    Map<String, @Nullable Object> all = new TreeMap<>();
    all.put("version", 1);
    all.put("erasure", erasure.id());
    all.put("project", erasure.departmentId());
    all.put("requested_at", erasure.requestedAt().getEpochSecond());
    all.put("requested_by", erasure.requestedBy());
    all.put("reason", erasure.reason());
    all.put("rows_deleted_at", UnixTime.seconds(erasure.rowsDeletedAt()));
    all.put("finished_at", finishedAt.getEpochSecond());
    all.put("rows_deleted", erasure.rowsDeleted());
    all.put("content_deleted", sum(content.deleted()));
    all.put("content_shared", sum(content.shared()));
    all.put("remains", remains(content, kept));
    return JsonMapper.shared().writeValueAsString(all);
  }

  private static Map<String, Long> sum(List<BlobRef> blobs) {
    return new TreeMap<>(
        Map.of(
            "blobs", (long) blobs.size(), "bytes", blobs.stream().mapToLong(BlobRef::bytes).sum()));
  }

  private List<Map<String, @Nullable Object>> remains(Content content, Kept kept) {
    List<Map<String, @Nullable Object>> remains = new ArrayList<>();
    remains.add(
        remains(
            "audit_log",
            kept.auditEntries()
                + " entries: who did what and when, without names and details, which is kept as"
                + " evidence",
            kept.auditMonths() == null ? null : auditEnd(kept.auditMonths())));
    remains.add(remains("department_erasure", "this certificate", null));
    remains.add(remains("person", "addresses of people, who belong to the organisation", null));
    if (erasure.rowsDeleted().containsKey("checkpoint_permission")) {
      remains.add(
          remains("references", "what other projects made of its shared models names them", null));
    }
    if (!content.shared().isEmpty()) {
      remains.add(remains("content_shared", "other projects have the same content", null));
    }
    remains.add(
        remains(
            "worker_copies",
            "copies on workers that no server has heard of since the rows were deleted",
            null));
    remains.add(
        remains(
            "backups",
            "copies that were made before are not changed",
            kept.backups() == null ? null : finishedAt.plus(kept.backups())));
    return remains;
  }

  /** Of entries written today, the last to go: their month's end, and so many months more. */
  private Instant auditEnd(int months) {
    return finishedAt
        .atOffset(ZoneOffset.UTC)
        .withDayOfMonth(1)
        .toLocalDate()
        .plusMonths(months + 1L)
        .atStartOfDay()
        .toInstant(ZoneOffset.UTC);
  }

  private static Map<String, @Nullable Object> remains(
      String what, String why, @Nullable Instant until) {
    Map<String, @Nullable Object> one = new TreeMap<>();
    one.put("what", what);
    one.put("why", why);
    one.put("until", UnixTime.seconds(until));
    return one;
  }
}
