package dev.graft.webhooks;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.seconds;
import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.platform.StoredNumbers;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import dev.graft.webhooks.WebhookSender.Address;
import dev.graft.webhooks.WebhookSender.AttemptOutcome;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * The statements on pending deliveries. An endpoint with pending deliveries is leased work, so that
 * it receives one at a time. An attempt is recorded before the request is sent, and a report under
 * a lost lease changes nothing.
 */
@Component
class Outbox {
  /** The kind of leased work. Its subject is the id of an endpoint. */
  static final String WORK = "webhook";

  /**
   * The first pending delivery of an endpoint, skipping those that wait for an earlier one of their
   * job.
   */
  private static final String FIRST =
      """
       d.endpoint_id = :endpoint and d.next_attempt_at is not null
         and not exists (select from webhook_delivery o
                          where o.endpoint_id = d.endpoint_id and o.job_id = d.job_id
                            and o.number < d.number and o.next_attempt_at is not null)
       order by d.next_attempt_at, d.number limit 1
      """;

  private static final String BEGIN =
      """
      with n as materialized (select graft_now() as now),
           d as (select d.id from webhook_delivery d, n where d.next_attempt_at <= n.now and
      """
          + FIRST
          + """
          )
          update webhook_delivery w set attempts = attempts + 1
            from n, webhook_endpoint e
           where w.id = (select id from d) and e.id = w.endpoint_id and e.disabled_at is null
          returning w.*, n.now as begun_at, e.url, e.secret,
                    case when e.earlier_until > n.now then e.earlier_secret end as second_secret
          """;

  private static final String OPEN = " where id = :id and ended_at is null";

  private final LeasedWork work;
  private final JdbcClient sql;

  Outbox(LeasedWork work, JdbcClient sql) {
    this.work = work;
    this.sql = sql;
  }

  /**
   * A delivery to send now.
   *
   * @param work the lease of the endpoint
   * @param attempt number of the attempt, from 1
   */
  record Claim(WorkClaim work, WebhookEvent message, Address address, int attempt, Instant at) {
    private static Claim of(WorkClaim work, ResultSet row) throws SQLException {
      return new Claim(
          work,
          new WebhookEvent(
              row.getString("id"),
              WebhookEvent.WebhookEventType.of(row.getString("type")),
              row.getString("job_id"),
              time(row, "created_at")),
          new Address(
              row.getString("endpoint_id"),
              row.getString("url"),
              row.getBytes("secret"),
              row.getBytes("second_secret")),
          row.getInt("attempts"),
          time(row, "begun_at"));
    }
  }

  /** Begins the next attempt; returns empty, and gives the endpoint back, if nothing is due. */
  @Transactional
  Optional<Claim> begin(WorkClaim endpoint) {
    if (!work.hold(endpoint)) return Optional.empty();
    Optional<Claim> begun =
        sql.sql(BEGIN)
            .param("endpoint", endpoint.subject())
            .query((row, index) -> Claim.of(endpoint, row))
            .optional();
    if (begun.isEmpty()) {
      end(
          endpoint.subject(),
          "and exists (select from webhook_endpoint where id = :endpoint and disabled_at is not"
              + " null)");
      goOn(endpoint);
    }
    return begun;
  }

  /** Schedules the endpoint for its next delivery, or ends its work if there is none. */
  private void goOn(WorkClaim endpoint) {
    Optional<Instant> next =
        sql.sql("select d.next_attempt_at from webhook_delivery d where" + FIRST)
            .param("endpoint", endpoint.subject())
            .query((row, index) -> time(row, "next_attempt_at"))
            .optional();
    if (next.isPresent()) work.until(endpoint, next.get());
    else work.done(endpoint);
  }

  /**
   * Ends the attempt. The server did its work even if the receiver failed, so the count of failed
   * servers starts again.
   *
   * @param next delay of the next attempt; null = no more attempts
   * @return whether the claim was still valid
   */
  @Transactional
  boolean report(Claim claim, AttemptOutcome outcome, @Nullable Duration next) {
    if (!work.progressed(claim.work())) return false;
    sql.sql(
            """
            update webhook_delivery
               set delivered_at = case when :delivered then graft_now() end,
                   next_attempt_at = graft_now() + make_interval(secs => :next),
                   ended_at = case when :next::float8 is null then graft_now() end
            """
                + OPEN)
        .param("delivered", outcome.error() == null)
        .param("next", next == null ? null : seconds(next))
        .param("id", claim.message().id())
        .update();
    record(claim, outcome);
    goOn(claim.work());
    return true;
  }

  /** Takes back an attempt that sent nothing for a reason that is not the receiver's. */
  @Transactional
  void giveBack(Claim claim, Duration after) {
    if (!work.hold(claim.work())) return;
    sql.sql(
            """
            update webhook_delivery
               set attempts = attempts - 1, next_attempt_at = graft_now() + make_interval(secs => :after)
            """
                + OPEN)
        .param("after", seconds(after))
        .param("id", claim.message().id())
        .update();
    goOn(claim.work());
  }

  private void record(Claim claim, AttemptOutcome outcome) {
    sql.sql(
            """
            insert into webhook_attempt (delivery_id, number, at, status, error, millis)
            values (:id, :number, :at, :status, :error, :millis)
            """)
        .param("id", claim.message().id())
        .param("number", claim.attempt())
        .param("at", parameter(claim.at()))
        .param("status", outcome.status())
        .param("error", outcome.error())
        .param("millis", outcome.millis())
        .update();
  }

  /**
   * Disables an endpoint that has accepted nothing since this delivery was created. An endpoint
   * whose URL has changed stays enabled.
   *
   * @param atOnce whether to disable it even if it has accepted a delivery
   * @return whether it was disabled
   */
  @Transactional
  boolean disable(Claim claim, boolean atOnce, String reason) {
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
                .param("since", parameter(claim.message().createdAt()))
                .update()
            == 1;
    if (disabled) endAll(claim.work().departmentId(), endpoint);
    return disabled;
  }

  /** Ends the pending deliveries of an endpoint as failed. */
  void endAll(String department, String endpointId) {
    work.drop(WORK, endpointId, department);
    end(endpointId, "");
  }

  private void end(String endpointId, String where) {
    sql.sql(
            """
            update webhook_delivery set next_attempt_at = null, ended_at = graft_now()
             where endpoint_id = :endpoint and next_attempt_at is not null
            """
                + where)
        .param("endpoint", endpointId)
        .update();
  }

  /** Deletes deliveries that ended longer than {@code keep} ago; returns how many. */
  @Transactional
  int forget(Duration keep) {
    return sql.sql(
            "delete from webhook_delivery where ended_at < graft_now() - make_interval(secs =>"
                + " :keep)")
        .param("keep", seconds(keep))
        .update();
  }

  /** The age of the oldest due delivery, from the first due delivery of each endpoint. */
  @Component
  static class WebhookNumbers implements StoredNumbers {
    private static final Gauge LAG =
        new Gauge(
            "graft_webhook_lag_seconds",
            "Time since the oldest due delivery became due; 0 if none is due");

    private final JdbcClient sql;

    WebhookNumbers(JdbcClient sql) {
      this.sql = sql;
    }

    @Override
    public List<Gauge> gauges() {
      return List.of(LAG);
    }

    @Override
    public List<Reading> read() {
      return List.of(
          LAG.reading(
              sql.sql(
                      """
                      -- numbers of webhooks
                      select greatest(coalesce(max(extract(epoch from graft_now() - d.next_attempt_at)), 0), 0)
                        from webhook_endpoint e cross join lateral
                             (select next_attempt_at from webhook_delivery
                               where endpoint_id = e.id and next_attempt_at is not null
                               order by next_attempt_at limit 1) d
                      """)
                  .query(Double.class)
                  .single()));
    }
  }
}
