package dev.graft.tenancy;

import dev.graft.platform.Ids;
import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** The notices of things that will be removed. */
@Component
public class RetentionNotices {
  private static final String ADD =
      """
      insert into retention_notice (id, department_id, kind, resource_id, name, since, noticed_at, delete_at)
      values (:id, :department, :kind, :resource, :name, :since, :now, greatest(:until, :earliest))
      on conflict (kind, resource_id) do nothing
      """;

  private static final String WITHDRAW =
      """
      delete from retention_notice
       where department_id = :department and kind = :kind
         and (:latest::timestamptz is null or since > :latest::timestamptz)
      """;

  /** Only ever to a later time. */
  private static final String MOVE_AWAY =
      """
      update retention_notice
         set delete_at = greatest(since + :kept * interval '1 second',
                                  noticed_at + :notice * interval '1 second')
       where department_id = :department and kind = :kind
         and delete_at < greatest(since + :kept * interval '1 second',
                                  noticed_at + :notice * interval '1 second')
      """;

  private static final String DUE =
      """
      select * from retention_notice
       where delete_at <= :now
         and (:id::text is null or (delete_at, id) > (:delete_at::timestamptz, :id::text))
       order by delete_at, id limit :limit
      """;

  /** An unknown cursor gives nothing. */
  private static final String PAGE =
      """
      select * from retention_notice
       where department_id = :department
         and (:after::text is null
              or (delete_at, id) > (select delete_at, id from retention_notice
                                     where id = :after and department_id = :department))
       order by delete_at, id limit :limit
      """;

  private final JdbcClient sql;
  private final Ids ids;

  RetentionNotices(JdbcClient sql, Ids ids) {
    this.sql = sql;
    this.ids = ids;
  }

  /** Deletes the notice of a thing that is gone or is kept. Returns false if there was none. */
  @Transactional(propagation = Propagation.MANDATORY)
  public boolean drop(RetentionKind kind, String resourceId) {
    return sql.sql("delete from retention_notice where kind = :kind and resource_id = :resource")
            .param("kind", kind.wire())
            .param("resource", resourceId)
            .update()
        == 1;
  }

  /** Returns when things will be removed, by id, for those that have a notice. */
  @Transactional(readOnly = true)
  public Map<String, Instant> deleteAt(RetentionKind kind, Collection<String> resourceIds) {
    Map<String, Instant> times = new HashMap<>();
    sql.sql(
            "select resource_id, delete_at from retention_notice"
                + " where kind = :kind and resource_id = any(:resources)")
        .param("kind", kind.wire())
        .param("resources", resourceIds.toArray(String[]::new))
        .query(
            row -> {
              times.put(row.getString("resource_id"), ResultColumns.time(row, "delete_at"));
            });
    return times;
  }

  /**
   * Adds the notice of a thing. Returns false if there is one already.
   *
   * @param kept retention period of the thing
   */
  boolean add(
      String departmentId,
      RetentionKind kind,
      Retained.Thing thing,
      Duration kept,
      Duration notice,
      Instant now) {
    return sql.sql(ADD)
            .param("id", ids.next("notice_"))
            .param("department", departmentId)
            .param("kind", kind.wire())
            .param("resource", thing.id())
            .param("name", thing.name())
            .param("since", ResultColumns.parameter(thing.since()))
            .param("now", ResultColumns.parameter(now))
            .param("until", ResultColumns.parameter(thing.since().plus(kept)))
            .param("earliest", ResultColumns.parameter(now.plus(notice)))
            .update()
        == 1;
  }

  /** Withdraws and postpones notices as this policy requires; returns how many it withdrew. */
  int hold(String departmentId, RetentionKind kind, RetentionDays policy, Instant now) {
    Instant latest = policy.latestNoticed(kind, now);
    int withdrawn =
        sql.sql(WITHDRAW)
            .param("department", departmentId)
            .param("kind", kind.wire())
            .param("latest", ResultColumns.parameter(latest))
            .update();
    Duration kept = policy.kept(kind);
    if (kept != null) {
      sql.sql(MOVE_AWAY)
          .param("department", departmentId)
          .param("kind", kind.wire())
          .param("kept", kept.toSeconds())
          .param("notice", policy.notice().toSeconds())
          .update();
    }
    return withdrawn;
  }

  /**
   * Lists the notices that are due, the earliest first.
   *
   * @param last the last notice of the batch before; null for the first batch
   */
  List<Notice> due(Instant now, @Nullable Notice last, int limit) {
    return sql.sql(DUE)
        .param("now", ResultColumns.parameter(now))
        .param("id", last == null ? null : last.id())
        .param("delete_at", ResultColumns.parameter(last == null ? null : last.deleteAt()))
        .param("limit", limit)
        .query(Notice::of)
        .list();
  }

  /** Lists notices of a department, the next removal first. */
  List<Notice> page(String departmentId, @Nullable String after, int limit) {
    return sql.sql(PAGE)
        .param("department", departmentId)
        .param("after", after)
        .param("limit", limit)
        .query(Notice::of)
        .list();
  }

  /**
   * Deletes a notice. Returns false if it was withdrawn, postponed or deleted since it was read.
   */
  boolean end(Notice seen) {
    return sql.sql("delete from retention_notice where id = :id and delete_at = :delete_at")
            .param("id", seen.id())
            .param("delete_at", ResultColumns.parameter(seen.deleteAt()))
            .update()
        == 1;
  }

  /** Renews a notice with a later time of removal. */
  void renew(Notice seen, Duration notice, Instant now) {
    sql.sql(
            """
            update retention_notice set noticed_at = :now, delete_at = :delete_at
             where id = :id and delete_at < :delete_at
            """)
        .param("id", seen.id())
        .param("now", ResultColumns.parameter(now))
        .param("delete_at", ResultColumns.parameter(now.plus(notice)))
        .update();
  }

  /**
   * The notice of a thing that will be removed.
   *
   * @param resourceId id of the file, adapter or evaluation, or of the job with the checkpoints or
   *     logs
   * @param deleteAt earliest time of the removal
   */
  record Notice(
      String id,
      String departmentId,
      RetentionKind kind,
      String resourceId,
      String name,
      Instant noticedAt,
      Instant deleteAt) {
    static Notice of(ResultSet row, int number) throws SQLException {
      return new Notice(
          row.getString("id"),
          row.getString("department_id"),
          RetentionKind.of(row.getString("kind")),
          row.getString("resource_id"),
          row.getString("name"),
          ResultColumns.time(row, "noticed_at"),
          ResultColumns.time(row, "delete_at"));
    }
  }
}
