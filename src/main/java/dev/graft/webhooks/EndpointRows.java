package dev.graft.webhooks;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.texts;
import static dev.graft.platform.database.ResultColumns.time;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The statements on {@code webhook_endpoint}, by department; one that fails for long is disabled by
 * the outbox. Ids grow with time: lists go by id.
 */
@Repository
class EndpointRows {
  private static final String READ =
      """
      select id, department_id, name, url, events, secret,
             case when earlier_until > :now then earlier_secret end as earlier_secret,
             secret_hint, created_at, updated_at, disabled_reason
        from webhook_endpoint where department_id = :department
      """;

  private final JdbcClient sql;
  private final Clock clock;

  EndpointRows(JdbcClient sql, Clock clock) {
    this.sql = sql;
    this.clock = clock;
  }

  /**
   * A secret as it is stored.
   *
   * @param hint what of it people may see
   */
  record Sealed(byte[] bytes, String hint) {}

  Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from webhook_endpoint where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  Optional<Endpoint> find(String department, String id) {
    return find(department, id, "");
  }

  /**
   * No one else changes it before this transaction ends, nor is anything new written that is to be
   * sent to it: the trigger that does has the row {@code for key share}.
   */
  Optional<Endpoint> findToChange(String department, String id) {
    return find(department, id, " for update");
  }

  private Optional<Endpoint> find(String department, String id, String lock) {
    return sql.sql(READ + " and id = :id" + lock)
        .param("department", department)
        .param("id", id)
        .param("now", parameter(clock.instant()))
        .query(EndpointRows::endpoint)
        .optional();
  }

  /** Newest first. */
  List<Endpoint> page(String department, @Nullable String after, int limit) {
    return sql.sql(
            READ + " and (:after::text is null or id < :after) order by id desc limit :limit")
        .param("department", department)
        .param("after", after)
        .param("limit", limit)
        .param("now", parameter(clock.instant()))
        .query(EndpointRows::endpoint)
        .list();
  }

  private static Endpoint endpoint(ResultSet row, int number) throws SQLException {
    return new Endpoint(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        row.getString("url"),
        texts(row, "events").stream()
            .map(WebhookEventType::of)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(WebhookEventType.class))),
        row.getBytes("secret"),
        row.getBytes("earlier_secret"),
        row.getString("secret_hint"),
        time(row, "created_at"),
        time(row, "updated_at"),
        row.getString("disabled_reason"));
  }

  long count(String department) {
    return sql.sql("select count(*) from webhook_endpoint where department_id = :department")
        .param("department", department)
        .query(Long.class)
        .single();
  }

  void insert(
      String id,
      String department,
      String name,
      String url,
      Set<WebhookEventType> events,
      Sealed secret) {
    sql.sql(
            """
            insert into webhook_endpoint (id, department_id, name, url, events, secret, secret_hint,
                                          created_at, updated_at)
            values (:id, :department, :name, :url, :events, :secret, :hint, :now, :now)
            """)
        .param("id", id)
        .param("department", department)
        .param("name", name)
        .param("url", url)
        .param("events", names(events))
        .param("secret", secret.bytes())
        .param("hint", secret.hint())
        .param("now", parameter(clock.instant()))
        .update();
  }

  private static String[] names(Set<WebhookEventType> events) {
    return events.stream().map(WebhookEventType::wireName).toArray(String[]::new);
  }

  /** One that is disabled already keeps the time and the reason of that. */
  void change(String id, Endpoints.Change wanted) {
    Set<WebhookEventType> events = wanted.events();
    sql.sql(
            """
            with n as (
              select id, coalesce(:name, name) as name, coalesce(:url, url) as url,
                     coalesce(:events::text[], events) as events,
                     case when :enabled::boolean is null then disabled_reason
                          when not :enabled::boolean
                            then coalesce(disabled_reason, 'It was disabled by request.')
                          end as reason
                from webhook_endpoint where id = :id)
            update webhook_endpoint e
               set name = n.name, url = n.url, events = n.events, disabled_reason = n.reason,
                   disabled_at = case when n.reason is not null then coalesce(e.disabled_at, :now) end,
                   updated_at = :now
              from n
             where e.id = n.id
               and (e.name, e.url, e.events, e.disabled_reason)
                   is distinct from (n.name, n.url, n.events, n.reason)
            """)
        .param("id", id)
        .param("name", wanted.name())
        .param("url", wanted.url())
        .param("events", events == null ? null : names(events))
        .param("enabled", wanted.enabled())
        .param("now", parameter(clock.instant()))
        .update();
  }

  /**
   * @param earlierUntil until when the secret until now signs beside the new one; null = not at all
   */
  void rotate(String id, Sealed next, @Nullable Instant earlierUntil) {
    sql.sql(
            """
            update webhook_endpoint
               set earlier_secret = case when :until::timestamptz is not null then secret end,
                   earlier_until = :until, secret = :secret, secret_hint = :hint, updated_at = :now
             where id = :id
            """)
        .param("id", id)
        .param("until", parameter(earlierUntil))
        .param("secret", next.bytes())
        .param("hint", next.hint())
        .param("now", parameter(clock.instant()))
        .update();
  }

  void delete(String id) {
    sql.sql("delete from webhook_endpoint where id = :id").param("id", id).update();
  }
}
