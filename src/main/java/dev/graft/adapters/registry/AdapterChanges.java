package dev.graft.adapters.registry;

import dev.graft.adapters.Adapter;
import dev.graft.adapters.AdapterDeprecation;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The statements that change an adapter that is there, or end it. */
@Component
class AdapterChanges {
  /** Only if the deprecation is still the one that was seen, where that is asked for. */
  private static final String DEPRECATE =
      """
      update adapter
         set deprecated_at = case when :notice::text is not null
                                  then coalesce(deprecated_at, graft_now()) end,
             deprecation_notice = :notice::text,
             retires_at = :retires_at::timestamptz
       where id = :id and department_id = :department and deleted_at is null
         and (not :only
              or deprecation_notice is not distinct from :seen_notice::text
                 and retires_at is not distinct from :seen_retires_at::timestamptz)
      """;

  private static final String KEEP =
      """
      update adapter set kept = :keep
       where id = :id and department_id = :department and deleted_at is null
         and (not :only or kept = :seen)
      """;

  private static final String DELETE =
      """
      update adapter set deleted_at = graft_now(), deletion_reason = :reason::text, manifest = null,
                         archive = null, archive_bytes = null
       where id = :id and department_id = :department and deleted_at is null
      returning name
      """;

  private static final String LOCK_UNKEPT =
      """
      select job_id from adapter
       where id = :id and department_id = :department and deleted_at is null and not kept
         for update
      """;

  private final JdbcClient sql;

  AdapterChanges(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * A deprecation keeps the time of its beginning while its words change.
   *
   * @param deprecation null = none any more
   * @param only if it has not changed since it was seen
   */
  boolean deprecate(Adapter seen, @Nullable DeprecationRequest deprecation, boolean only) {
    AdapterDeprecation before = seen.deprecation();
    return sql.sql(DEPRECATE)
            .param("id", seen.id())
            .param("department", seen.departmentId())
            .param("notice", deprecation == null ? null : deprecation.notice())
            .param("retires_at", utc(deprecation == null ? null : deprecation.retiresAt()))
            .param("only", only)
            .param("seen_notice", before == null ? null : before.notice())
            .param("seen_retires_at", utc(before == null ? null : before.retiresAt()))
            .update()
        == 1;
  }

  /** As {@link #deprecate}: whether retention spares it. */
  boolean keep(Adapter seen, boolean keep, boolean only) {
    return sql.sql(KEEP)
            .param("id", seen.id())
            .param("department", seen.departmentId())
            .param("keep", keep)
            .param("only", only)
            .param("seen", seen.kept())
            .update()
        == 1;
  }

  /**
   * Leaves the row without its files; returns the name.
   *
   * @param reason {@code retention}, or null where somebody asked for it
   */
  Optional<String> delete(String department, String id, @Nullable String reason) {
    return sql.sql(DELETE)
        .param("id", id)
        .param("department", department)
        .param("reason", reason)
        .query(String.class)
        .optional();
  }

  /** Its job; empty if it is gone, or its owners keep it. */
  Optional<String> lockUnkept(String department, String id) {
    return sql.sql(LOCK_UNKEPT)
        .param("id", id)
        .param("department", department)
        .query(String.class)
        .optional();
  }

  private static @Nullable OffsetDateTime utc(@Nullable Instant at) {
    return at == null ? null : at.atOffset(ZoneOffset.UTC);
  }
}
