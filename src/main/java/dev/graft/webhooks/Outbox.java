package dev.graft.webhooks;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * The statements on deliveries that are under way. A claim is a lease: it is written down as an
 * attempt before anything is sent, and whoever reports on it names its number, so that one who
 * comes late, when another has taken over, changes nothing.
 */
@Component
@Profile("server")
class Outbox {
  private static final String CLAIM =
      """
      -- claim a delivery: one an endpoint at a time, those of a job in their order
      with d as (select d.id
                   from webhook_delivery d join webhook_endpoint e on e.id = d.endpoint_id
                  where d.next_attempt_at <= graft_now() and e.disabled_at is null
                    and not exists (select from webhook_delivery o
                                     where o.endpoint_id = d.endpoint_id and o.next_attempt_at is not null
                                       and (o.sending_until > graft_now()
                                            or o.job_id = d.job_id and o.number < d.number))
                  order by d.next_attempt_at, d.number
                  limit 1 for no key update of d, e skip locked)
      update webhook_delivery w
         set attempts = attempts + 1, next_attempt_at = graft_now() + make_interval(secs => :lease),
             sending_until = graft_now() + make_interval(secs => :lease)
        from d, webhook_endpoint e
       where w.id = d.id and e.id = w.endpoint_id
      returning w.*, graft_now() as claimed_at, e.url, e.secret,
                case when e.earlier_until > graft_now() then e.earlier_secret end as earlier_secret
      """;

  private static final String FENCE =
      " where id = :id and attempts = :attempt and sending_until is not null";

  private final JdbcClient sql;

  Outbox(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * To be sent now.
   *
   * @param attempt its number, from 1
   */
  record Claim(Message message, Courier.Address address, int attempt, Instant at) {
    private static Claim of(ResultSet row, int number) throws SQLException {
      Delivery delivery = Delivery.of(row, number);
      List<byte[]> secrets = new ArrayList<>();
      secrets.add(row.getBytes("secret"));
      byte[] earlier = row.getBytes("earlier_secret");
      if (earlier != null) secrets.add(earlier);
      return new Claim(
          delivery.message(),
          new Courier.Address(delivery.endpointId(), row.getString("url"), secrets),
          delivery.attempts(),
          row.getObject("claimed_at", OffsetDateTime.class).toInstant());
    }
  }

  /**
   * @param lease longer than an attempt can take
   */
  @Transactional
  public Optional<Claim> claim(Duration lease) {
    return sql.sql(CLAIM).param("lease", lease.toSeconds()).query(Claim::of).optional();
  }

  /**
   * Ends the attempt.
   *
   * @param next when to try again; null = not at all
   * @return whether the claim still held
   */
  @Transactional
  public boolean report(Claim claim, Courier.Outcome outcome, @Nullable Duration next) {
    boolean held =
        sql.sql(
                    """
                    update webhook_delivery
                       set sending_until = null,
                           delivered_at = case when :delivered then graft_now() end,
                           next_attempt_at = graft_now() + make_interval(secs => :next)
                    """
                        + FENCE)
                .param("id", claim.message().id())
                .param("attempt", claim.attempt())
                .param("delivered", outcome.error() == null)
                .param("next", next == null ? null : next.toMillis() / 1000.0)
                .update()
            == 1;
    if (held) record(claim, outcome);
    return held;
  }

  private void record(Claim claim, Courier.Outcome outcome) {
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

  /** Puts it back as it was: nothing was sent, and that is not the receiver's fault. */
  @Transactional
  public void giveBack(Claim claim, Duration after) {
    sql.sql(
            """
            update webhook_delivery
               set sending_until = null, attempts = attempts - 1,
                   next_attempt_at = graft_now() + make_interval(secs => :after)
            """
                + FENCE)
        .param("id", claim.message().id())
        .param("attempt", claim.attempt())
        .param("after", after.toSeconds())
        .update();
  }

  /** Disables an endpoint that has taken nothing since this delivery was made; whether it did. */
  @Transactional
  public boolean disable(Claim claim, boolean atOnce, String reason) {
    return sql.sql(
                """
                update webhook_endpoint e set disabled_at = graft_now(), disabled_reason = :reason
                 where id = :endpoint and disabled_at is null
                   and (:at_once or not exists (select from webhook_delivery d
                                                 where d.endpoint_id = e.id and d.delivered_at > :since))
                """)
            .param("endpoint", claim.address().endpointId())
            .param("reason", reason)
            .param("at_once", atOnce)
            .param("since", claim.message().createdAt().atOffset(ZoneOffset.UTC))
            .update()
        == 1;
  }

  /** Forgets what ended so long ago; how many. */
  @Transactional
  public int forget(Duration keep) {
    return sql.sql(
            """
            delete from webhook_delivery
             where next_attempt_at is null and created_at < graft_now() - make_interval(secs => :keep)
            """)
        .param("keep", keep.toSeconds())
        .update();
  }
}
