package dev.graft.tenancy;

import dev.graft.platform.TimeRange;
import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Reads the audit log. */
@Service
class AuditEntries {
  private static final String MATCHING =
      """
      select l.*, d.count as denials, d.last_at as denied_last_at,
             (select name from api_key k where k.id = l.key_id) as key_name,
             (select name from service_account s where s.id = l.service_account_id) as service_account_name
        from audit_log l left join audit_denial d on d.entry_id = l.id
       where (:from::bigint is null or effective_at >= to_timestamp(:from::bigint))
         and (:until::bigint is null or effective_at < to_timestamp(:until::bigint + 1))
         and (:departments::text[] = '{}' or department_id = any(:departments::text[]))
         and (:types::text[] = '{}' or type = any(:types::text[]))
         and (:actors::text[] = '{}'
              or key_id = any(:actors::text[]) or person_id = any(:actors::text[])
              or service_account_id = any(:actors::text[]))
         and (:emails::text[] = '{}' or lower(email) = any(:emails::text[]))
         and (:resources::text[] = '{}' or resource_id = any(:resources::text[]))
      """;

  private static final String OLDER =
      MATCHING + " and (:cursor::text is null or id < :cursor) order by id desc limit :limit";

  private static final String NEWER = MATCHING + " and id > :cursor order by id limit :limit";

  private final JdbcClient sql;

  AuditEntries(JdbcClient sql) {
    this.sql = sql;
  }

  /** Returns a page and one more of the entries older than {@code after}, newest first. */
  @Transactional(readOnly = true)
  List<Entry> older(Filters query, @Nullable String after, int limit) {
    return matching(OLDER, query, after, limit + 1);
  }

  /** Returns a page and one more of the next entries newer than {@code before}, newest first. */
  @Transactional(readOnly = true)
  List<Entry> newer(Filters query, String before, int limit) {
    return matching(NEWER, query, before, limit + 1).reversed();
  }

  /** Returns at most {@code limit} entries newer than {@code after}, oldest first. */
  @Transactional(readOnly = true)
  List<Entry> oldest(Filters query, String after, int limit) {
    return matching(NEWER, query, after, limit);
  }

  private List<Entry> matching(
      String statement, Filters query, @Nullable String cursor, int limit) {
    return sql.sql(statement)
        .param("from", query.from())
        .param("until", query.until())
        .param("departments", array(query.departments()))
        .param("types", array(query.types()))
        .param("actors", array(query.actors()))
        .param("emails", array(query.emails()))
        .param("resources", array(query.resources()))
        .param("cursor", cursor)
        .param("limit", limit)
        .query(Entry::of)
        .list();
  }

  private static String[] array(List<String> values) {
    return values.toArray(String[]::new);
  }

  /**
   * A row of the audit log.
   *
   * @param departmentId null = an action in the organisation
   * @param actor all fields null = a command on the server, or the server
   * @param details JSON
   * @param denials total of equal denials; null = no denial, or one of an earlier release
   * @param deniedLastAt time of the last of these denials
   */
  record Entry(
      String id,
      Instant effectiveAt,
      String type,
      @Nullable String departmentId,
      @Nullable String departmentName,
      Actor actor,
      @Nullable String keyName,
      @Nullable String serviceAccountName,
      @Nullable String ipAddress,
      @Nullable String requestId,
      @Nullable String resourceId,
      String details,
      @Nullable Long denials,
      @Nullable Instant deniedLastAt) {
    static Entry of(ResultSet row, int number) throws SQLException {
      return new Entry(
          row.getString("id"),
          ResultColumns.time(row, "effective_at"),
          row.getString("type"),
          row.getString("department_id"),
          row.getString("department_name"),
          new Actor(
              row.getString("key_id"),
              row.getString("person_id"),
              row.getString("email"),
              row.getString("service_account_id")),
          row.getString("key_name"),
          row.getString("service_account_name"),
          row.getString("ip_address"),
          row.getString("request_id"),
          row.getString("resource_id"),
          row.getString("details"),
          row.getObject("denials", Long.class),
          ResultColumns.timeOrNull(row, "denied_last_at"));
    }
  }

  /**
   * The filters of a request; an empty list matches all entries.
   *
   * @param from earliest time, in unix seconds, inclusive
   * @param until latest time, inclusive
   */
  record Filters(
      @Nullable Long from,
      @Nullable Long until,
      List<String> departments,
      List<String> types,
      List<String> actors,
      List<String> emails,
      List<String> resources) {

    /**
     * Reads query parameters as OpenAI's clients send them: {@code effective_at[gt]=..}, {@code
     * project_ids[]=..}.
     */
    static Filters parse(Map<String, List<String>> query) {
      TimeRange effective = TimeRange.parse(query, "effective_at");
      return new Filters(
          effective.from(),
          effective.until(),
          many(query, "project_ids"),
          many(query, "event_types"),
          many(query, "actor_ids"),
          many(query, "actor_emails"),
          many(query, "resource_ids"));
    }

    private static List<String> many(Map<String, List<String>> query, String name) {
      return query.getOrDefault(name + "[]", List.of());
    }
  }
}
