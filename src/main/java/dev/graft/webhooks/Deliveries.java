package dev.graft.webhooks;

import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.platform.Cursor;
import dev.graft.platform.UnixTime;
import dev.graft.platform.work.LeasedWork;
import dev.graft.tenancy.Owned;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The deliveries of endpoints, for departments. */
@Component
class Deliveries implements Owned {
  private final LeasedWork work;
  private final JdbcClient sql;

  Deliveries(LeasedWork work, JdbcClient sql) {
    this.work = work;
    this.sql = sql;
  }

  /** Returns the newest first, one more than the page has. */
  List<DeliveryObject> list(String endpointId, Cursor page) {
    List<DeliveryObject> deliveries = new ArrayList<>();
    sql.sql(
            """
            select d.*, a.at, a.status, a.error, a.millis
              from (select * from webhook_delivery
                     where endpoint_id = :endpoint
                       and (:after::text is null
                            or number < (select number from webhook_delivery
                                          where id = :after and endpoint_id = :endpoint))
                     order by number desc limit :limit) d
              left join webhook_attempt a on a.delivery_id = d.id
             order by d.number desc, a.number
            """)
        .param("endpoint", endpointId)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(
            row -> {
              String id = row.getString("id");
              if (deliveries.isEmpty() || !deliveries.getLast().id().equals(id)) {
                deliveries.add(DeliveryObject.of(row));
              }
              if (row.getObject("at") == null) return;
              deliveries.getLast().attempts().add(DeliveryObject.AttemptObject.of(row));
            });
    return deliveries;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return sql.sql(
            """
            select e.department_id from webhook_delivery d join webhook_endpoint e on e.id = d.endpoint_id
             where d.id = :id
            """)
        .param("id", id)
        .query(String.class)
        .optional();
  }

  /**
   * Schedules an ended delivery again and resets its attempts. Returns empty if the department has
   * no such delivery, it is still pending, or its endpoint is disabled.
   */
  @Transactional
  Optional<DeliveryObject> again(String department, String id) {
    Optional<DeliveryObject> again =
        sql.sql(
                """
                update webhook_delivery d
                   set next_attempt_at = graft_now(), attempts = 0, delivered_at = null, ended_at = null
                  from webhook_endpoint e
                 where d.id = :id and d.next_attempt_at is null
                   and e.id = d.endpoint_id and e.department_id = :department and e.disabled_at is null
                returning d.*
                """)
            .param("id", id)
            .param("department", department)
            .query((row, number) -> DeliveryObject.of(row))
            .optional();
    if (again.isPresent()) {
      work.add(Outbox.WORK, again.get().webhookEndpointId(), department);
      sql.sql("delete from webhook_attempt where delivery_id = :id").param("id", id).update();
    }
    return again;
  }

  /**
   * A delivery in the API; times in unix seconds.
   *
   * @param id of the event, sent as {@code webhook-id}
   * @param status {@code pending}, {@code delivered} or {@code failed}
   * @param attempts in the order of time
   */
  record DeliveryObject(
      String id,
      String object,
      String webhookEndpointId,
      WebhookEvent.WebhookEventType eventType,
      String jobId,
      String status,
      long createdAt,
      @Nullable Long nextAttemptAt,
      List<AttemptObject> attempts) {

    record AttemptObject(
        long at, @Nullable Integer statusCode, @Nullable String error, int durationMs) {
      private static AttemptObject of(ResultSet row) throws SQLException {
        return new AttemptObject(
            time(row, "at").getEpochSecond(),
            (Integer) row.getObject("status"),
            row.getString("error"),
            row.getInt("millis"));
      }
    }

    private static DeliveryObject of(ResultSet row) throws SQLException {
      Instant next = timeOrNull(row, "next_attempt_at");
      String ended = row.getObject("delivered_at") == null ? "failed" : "delivered";
      return new DeliveryObject(
          row.getString("id"),
          "webhook_delivery",
          row.getString("endpoint_id"),
          WebhookEvent.WebhookEventType.of(row.getString("type")),
          row.getString("job_id"),
          next == null ? ended : "pending",
          time(row, "created_at").getEpochSecond(),
          UnixTime.seconds(next),
          new ArrayList<>());
    }
  }
}
