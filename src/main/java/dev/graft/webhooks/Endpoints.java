package dev.graft.webhooks;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.texts;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.webhooks.Endpoints.EndpointRows.Sealed;
import dev.graft.webhooks.WebhookEvent.WebhookEventType;
import java.security.SecureRandom;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The endpoints of the departments. */
@Service
class Endpoints implements Owned {
  private static final Duration OVERLAP = Duration.ofHours(24);
  private static final int SECRET_BYTES = 32;
  private static final int HINTED = 4;
  private static final int LONGEST_NAME = 200;

  private final SecureRandom random = new SecureRandom();
  private final EndpointRows rows;
  private final TransactionLocks locks;
  private final Outbox outbox;
  private final SealedSecrets secrets;
  private final OutboundClient.OutboundGuard guard;
  private final WebhooksConfiguration.WebhookProperties settings;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Endpoints(
      EndpointRows rows,
      TransactionLocks locks,
      Outbox outbox,
      SealedSecrets secrets,
      OutboundClient.OutboundGuard guard,
      WebhooksConfiguration.WebhookProperties settings,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.locks = locks;
    this.outbox = outbox;
    this.secrets = secrets;
    this.guard = guard;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** What an endpoint shall be; null = as it is. */
  record Change(
      @Nullable String name,
      @Nullable String url,
      @Nullable Set<WebhookEvent.WebhookEventType> events,
      @Nullable Boolean enabled) {}

  @Override
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String id) {
    return rows.departmentOf(id);
  }

  @Transactional(readOnly = true)
  public Endpoint require(String department, String id) {
    return rows.find(department, id).orElseThrow(() -> notFound(id));
  }

  private static RequestFailed notFound(String id) {
    return RequestFailed.notFound("webhook endpoint", id);
  }

  /** The newest first, and one more than the page has. */
  @Transactional(readOnly = true)
  public List<Endpoint> list(String department, Cursor page) {
    return rows.page(department, page.after(), page.limit() + 1);
  }

  /** As people see it. */
  String secretOf(Endpoint endpoint) {
    try {
      return shown(secrets.open(endpoint.secret(), endpoint.id()));
    } catch (SealedSecrets.Unreadable e) {
      throw new IllegalStateException(e);
    }
  }

  private static String shown(byte[] secret) {
    return WebhookSender.Signature.PREFIX + Base64.getEncoder().encodeToString(secret);
  }

  /**
   * Refuses URLs that lead to where nothing may be sent. Names are looked up, which may take long:
   * before a transaction, not in one.
   */
  void requireReachable(String url) {
    guard.require(url);
  }

  /** Returns the id. */
  @Transactional
  public String create(
      String department, String name, String url, Set<WebhookEvent.WebhookEventType> events) {
    locks.take("webhooks " + department);
    if (rows.count(department) >= settings.maxEndpoints()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "The department has %d webhook endpoints, as many as it may have."
              .formatted(settings.maxEndpoints()));
    }
    String id = ids.next("whe_");
    rows.insert(id, department, checked(name), url, events, secret(id));
    audit.write("webhook_endpoint.created", department, id, Map.of("url", url));
    return id;
  }

  private static String checked(String name) {
    if (!name.isBlank() && name.length() <= LONGEST_NAME && name.indexOf('\0') < 0) return name;
    throw RequestFailed.invalid(
        "name", "must have 1 to " + LONGEST_NAME + " characters, and no U+0000");
  }

  private Sealed secret(String id) {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    String shown = shown(secret);
    String hint = WebhookSender.Signature.PREFIX + "..." + shown.substring(shown.length() - HINTED);
    return new Sealed(secrets.seal(secret, id), hint);
  }

  @Transactional
  public void change(String department, String id, Change change) {
    if (change.name() != null) checked(change.name());
    toChange(department, id);
    rows.change(id, change);
    Endpoint changed = require(department, id);
    if (!changed.isEnabled()) outbox.endAll(department, id);
    audit.write(
        "webhook_endpoint.updated",
        department,
        id,
        Map.of("url", changed.url(), "enabled", changed.isEnabled()));
  }

  private Endpoint toChange(String department, String id) {
    return rows.findToChange(department, id).orElseThrow(() -> notFound(id));
  }

  /**
   * Returns the id.
   *
   * @param keepOld whether the secret until now signs beside the new one for a day
   */
  @Transactional
  public String rotate(String department, String id, boolean keepOld) {
    toChange(department, id);
    rows.rotate(id, secret(id), keepOld ? clock.instant().plus(OVERLAP) : null);
    audit.write("webhook_endpoint.secret_rotated", department, id, Map.of());
    return id;
  }

  @Transactional
  public void delete(String department, String id) {
    Endpoint endpoint = toChange(department, id);
    outbox.endAll(department, id);
    rows.delete(id);
    audit.write("webhook_endpoint.deleted", department, id, Map.of("url", endpoint.url()));
  }

  /**
   * Where a department is told, and of what.
   *
   * @param name for people
   * @param secret sealed; see {@code SealedSecrets}
   * @param earlierSecret sealed; the one before, while both are in force
   * @param secretHint what of it people may see
   * @param disabledReason why nothing is sent; null = it is
   */
  record Endpoint(
      String id,
      String departmentId,
      String name,
      String url,
      Set<WebhookEvent.WebhookEventType> events,
      byte[] secret,
      byte @Nullable [] earlierSecret,
      String secretHint,
      Instant createdAt,
      Instant updatedAt,
      @Nullable String disabledReason) {
    boolean isEnabled() {
      return disabledReason == null;
    }

    WebhookSender.Address address() {
      return new WebhookSender.Address(id, url, secret, earlierSecret);
    }
  }

  /**
   * The statements on {@code webhook_endpoint}, by department; one that fails for long is disabled
   * by the outbox. Ids grow with time: lists go by id.
   */
  @Repository
  static class EndpointRows {
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
     * No one else changes it before this transaction ends, nor is anything new written that is to
     * be sent to it: the trigger that does has the row {@code for key share}.
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
    void change(String id, Change wanted) {
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
     * @param earlierUntil until when the secret until now signs beside the new one; null = not at
     *     all
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
}
