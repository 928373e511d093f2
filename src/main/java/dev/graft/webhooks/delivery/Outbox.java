package dev.graft.webhooks.delivery;

import dev.graft.webhooks.delivery.WebhookSender.Address;
import dev.graft.webhooks.delivery.WebhookSender.AttemptOutcome;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * The statements on deliveries that are under way. A claim is a lease on an endpoint and its next
 * delivery: it is written down as an attempt before anything is sent, and whoever reports on it
 * names its number, so that one who comes late, when another has taken over, changes nothing.
 */
@Component
public class Outbox {
  /**
   * Endpoints take turns, the one that has waited longest first, and departments have no more than
   * their share of what is sent at once: nobody's backlog is in another's way. Of an endpoint the
   * first that is due, unless an earlier one of its job is not done.
   */
  private static final String CLAIM =
      """
      -- claim a delivery
      with n as materialized (select graft_now() as now),
           c as (select e.id as endpoint, d.id as delivery
                   from n
                  cross join webhook_endpoint e
                  cross join lateral
                        (select d.id from webhook_delivery d
                          where d.endpoint_id = e.id and d.next_attempt_at <= n.now
                            and not exists (select from webhook_delivery o
                                             where o.endpoint_id = d.endpoint_id and o.job_id = d.job_id
                                               and o.number < d.number and o.next_attempt_at is not null)
                          order by d.next_attempt_at, d.number limit 1) d
                  where e.disabled_at is null and (e.sending_until is null or e.sending_until <= n.now)
                    and (select count(*) from webhook_endpoint o
                          where o.department_id = e.department_id and o.sending_until > n.now) < :share
                  order by e.served_at nulls first, e.id
                  limit 1 for no key update of e skip locked),
           e as (update webhook_endpoint e
                    set served_at = n.now, sending_until = n.now + make_interval(secs => :lease)
                   from c, n where e.id = c.endpoint
                 returning e.*, case when e.earlier_until > n.now then e.earlier_secret end as second_secret)
      update webhook_delivery w
         set attempts = attempts + 1, claims = claims + 1,
             next_attempt_at = n.now + make_interval(secs => :lease)
        from c, n, e
       where w.id = c.delivery
      returning w.*, n.now as claimed_at, e.url, e.secret, e.second_secret
      """;

  private static final String FENCE = " where id = :id and claims = :claim and ended_at is null";

  private final JdbcClient sql;

  Outbox(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * To be sent now.
   *
   * @param number of the claim, in the life of the delivery
   * @param attempt its number, from 1
   */
  record Claim(WebhookEvent message, Address address, long number, int attempt, Instant at) {
    private static Claim of(ResultSet row, int index) throws SQLException {
      Delivery delivery = Delivery.of(row, index);
      return new Claim(
          delivery.message(),
          new Address(
              delivery.endpointId(),
              row.getString("url"),
              row.getBytes("secret"),
              row.getBytes("second_secret")),
          row.getLong("claims"),
          delivery.attempts(),
          row.getObject("claimed_at", OffsetDateTime.class).toInstant());
    }
  }

  /**
   * @param lease longer than an attempt can take
   * @param share how much may be under way to one department
   */
  @Transactional
  public Optional<Claim> claim(Duration lease, int share) {
    return sql.sql(CLAIM)
        .param("lease", seconds(lease))
        .param("share", share)
        .query(Claim::of)
        .optional();
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }

  /**
   * Ends the attempt.
   *
   * @param next when to try again; null = not at all
   * @return whether the claim still held
   */
  @Transactional
  public boolean report(Claim claim, AttemptOutcome outcome, @Nullable Duration next) {
    boolean held =
        held(
            claim,
            sql.sql(
                    """
                    update webhook_delivery
                       set delivered_at = case when :delivered then graft_now() end,
                           next_attempt_at = graft_now() + make_interval(secs => :next),
                           ended_at = case when :next::float8 is null then graft_now() end
                    """
                        + FENCE)
                .param("delivered", outcome.error() == null)
                .param("next", next == null ? null : seconds(next)));
    if (held) record(claim, outcome);
    return held;
  }

  /** Puts it back as it was: nothing was sent, and that is not the receiver's fault. */
  @Transactional
  public void giveBack(Claim claim, Duration after) {
    held(
        claim,
        sql.sql(
                """
                update webhook_delivery
                   set attempts = attempts - 1,
                       next_attempt_at = graft_now() + make_interval(secs => :after)
                """
                    + FENCE)
            .param("after", seconds(after)));
  }

  /** Whoever's claim still holds makes place for the next. */
  private boolean held(Claim claim, JdbcClient.StatementSpec update) {
    int rows = update.param("id", claim.message().id()).param("claim", claim.number()).update();
    if (rows == 0) return false;
    sql.sql("update webhook_endpoint set sending_until = null where id = :endpoint")
        .param("endpoint", claim.address().endpointId())
        .update();
    return true;
  }

  private void record(Claim claim, AttemptOutcome outcome) {
    sql.sql(
            """
            insert into webhook_attempt (delivery_id, number, at, status, error, millis)
            values (:id, :number, :at, :status, :error, :millis)
            """)
        .param("id", claim.message().id())
        .param("number", claim.attempt())
        .param("at", claim.at().atOffset(ZoneOffset.UTC))
        .param("status", outcome.status())
        .param("error", outcome.error())
        .param("millis", outcome.millis())
        .update();
  }

  /**
   * Disables an endpoint that has taken nothing since this delivery was made, unless it has another
   * URL by now; whether it did.
   *
   * @param atOnce also if it has taken something
   */
  @Transactional
  public boolean disable(Claim claim, boolean atOnce, String reason) {
    String endpoint = claim.address().endpointId();
    boolean disabled =
        sql.sql(
                    """
                    update webhook_endpoint e set disabled_at = graft_now(), disabled_reason = :reason
                     where id = :endpoint and url = :url and disabled_at is null
                       and (:at_once or not exists (select from webhook_delivery d
                                                     where d.endpoint_id = e.id and d.delivered_at > :since))
                    """)
                .param("endpoint", endpoint)
                .param("url", claim.address().url())
                .param("reason", reason)
                .param("at_once", atOnce)
                .param("since", claim.message().createdAt().atOffset(ZoneOffset.UTC))
                .update()
            == 1;
    if (disabled) endAll(endpoint);
    return disabled;
  }

  /** What is under way to an endpoint that is disabled has failed. */
  public void endAll(String endpointId) {
    sql.sql(
            """
            update webhook_delivery set next_attempt_at = null, ended_at = graft_now()
             where endpoint_id = :endpoint and next_attempt_at is not null
            """)
        .param("endpoint", endpointId)
        .update();
  }

  /** Forgets what ended so long ago; how many. */
  @Transactional
  public int forget(Duration keep) {
    return sql.sql(
            "delete from webhook_delivery where ended_at < graft_now() - make_interval(secs => :keep)")
        .param("keep", seconds(keep))
        .update();
  }
}
