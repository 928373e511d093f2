package dev.graft.webhooks.endpoints;

import dev.graft.platform.database.TransactionLocks;
import dev.graft.platform.pagination.Cursor;
import dev.graft.tenancy.Owned;
import dev.graft.webhooks.delivery.WebhookEventType;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/** The statements on endpoints. */
@Component
class EndpointRows implements Owned {
  private static final String READ =
      """
      select e.*, case when earlier_until > graft_now() then earlier_secret end as second_secret
        from webhook_endpoint e
      """;

  private final TransactionLocks locks;
  private final JdbcClient sql;

  /**
   * A secret as it is stored.
   *
   * @param hint what of it people may see
   */
  record Sealed(byte[] bytes, String hint) {}

  EndpointRows(TransactionLocks locks, JdbcClient sql) {
    this.locks = locks;
    this.sql = sql;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql("select department_id from webhook_endpoint where id = :id")
        .param("id", id)
        .query(String.class)
        .optional();
  }

  /** Makes those wait who would add another to the same department; how many it has. */
  int lockedCount(String department) {
    locks.take("webhooks " + department);
    return sql.sql("select count(*) from webhook_endpoint where department_id = :department")
        .param("department", department)
        .query(Integer.class)
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
            select :id, :department, :name, :url, :events, :secret, :hint, now, now from graft_now() now
            """)
        .param("id", id)
        .param("department", department)
        .param("name", name)
        .param("url", url)
        .param("events", Endpoint.names(events))
        .param("secret", secret.bytes())
        .param("hint", secret.hint())
        .update();
  }

  Optional<Endpoint> find(String department, String id) {
    return sql.sql(READ + " where id = :id and department_id = :department")
        .param("id", id)
        .param("department", department)
        .query(Endpoint::of)
        .optional();
  }

  /**
   * As {@link #find}, and nobody else changes it before the transaction ends, nor is anything new
   * written that is to be sent to it.
   */
  Optional<Endpoint> findToChange(String department, String id) {
    return sql.sql(READ + " where id = :id and department_id = :department for update")
        .param("id", id)
        .param("department", department)
        .query(Endpoint::of)
        .optional();
  }

  /** The newest first, and one more than the page has. */
  List<Endpoint> list(String department, Cursor page) {
    return sql.sql(
            READ
                + """
                 where department_id = :department and (:after::text is null or id < :after)
                 order by id desc limit :limit
                """)
        .param("department", department)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(Endpoint::of)
        .list();
  }

  /** Where it is disabled already, the time of that is kept. */
  void update(Endpoint changed) {
    sql.sql(
            """
            update webhook_endpoint
               set name = :name, url = :url, events = :events,
                   updated_at = case when (name, url, events, disabled_reason)
                                          is distinct from (:name, :url, :events::text[], :reason::text)
                                     then graft_now() else updated_at end,
                   disabled_reason = :reason::text,
                   disabled_at = case when :reason::text is not null
                                      then coalesce(disabled_at, graft_now()) end
             where id = :id
            """)
        .param("id", changed.id())
        .param("name", changed.name())
        .param("url", changed.url())
        .param("events", Endpoint.names(changed.events()))
        .param("reason", changed.disabledReason())
        .update();
  }

  /**
   * @param overlap how long the secret until now signs beside the new one
   */
  void rotate(String id, Sealed secret, Duration overlap) {
    sql.sql(
            """
            update webhook_endpoint
               set earlier_secret = secret, secret = :secret, secret_hint = :hint,
                   earlier_until = graft_now() + make_interval(secs => :overlap),
                   updated_at = graft_now()
             where id = :id
            """)
        .param("id", id)
        .param("secret", secret.bytes())
        .param("hint", secret.hint())
        .param("overlap", overlap.toSeconds())
        .update();
  }

  /** With all deliveries. */
  void delete(String id) {
    sql.sql("delete from webhook_endpoint where id = :id").param("id", id).update();
  }
}
