package dev.graft.artifacts;

import dev.graft.platform.database.ResultColumns;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** Since when nothing has needed a blob, as table {@code unreferenced_blob}. */
@Component
class UnreferencedBlobs {
  /** What was published again begins anew. */
  private static final String NOTE =
      """
      insert into unreferenced_blob as known (digest, published, since, seen)
      select digest, published, :now, :now
        from unnest(:digests::text[], :published::bigint[]) as blob (digest, published)
      on conflict (digest) do update
        set since = case when known.published = excluded.published then known.since else excluded.since end,
            published = excluded.published,
            seen = excluded.seen
      """;

  private final JdbcClient sql;

  UnreferencedBlobs(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * Notes that these blobs, and no others, are not needed now.
   *
   * @return those that had not been either since {@code longAgo}, whenever it was looked
   */
  @Transactional
  public List<StoredBlob> note(List<StoredBlob> blobs, Instant now, Instant longAgo) {
    sql.sql(NOTE)
        .param(
            "digests", blobs.stream().map(blob -> blob.ref().sha256().hex()).toArray(String[]::new))
        .param("published", blobs.stream().map(StoredBlob::published).toArray(Long[]::new))
        .param("now", ResultColumns.parameter(now))
        .update();
    sql.sql("delete from unreferenced_blob where seen <> :now")
        .param("now", ResultColumns.parameter(now))
        .update();
    Map<String, Long> due = new HashMap<>();
    sql.sql("select digest, published from unreferenced_blob where since <= :long_ago")
        .param("long_ago", ResultColumns.parameter(longAgo))
        .query(
            row -> {
              due.put(row.getString("digest"), row.getLong("published"));
            });
    return blobs.stream()
        .filter(blob -> Long.valueOf(blob.published()).equals(due.get(blob.ref().sha256().hex())))
        .toList();
  }

  /** The same in all copies and restorations of this database, and in no other. */
  String database() {
    return sql.sql("select id::text from artifact_store").query(String.class).single();
  }
}
