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
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/** The log of deliveries, as departments read it. */
@Component
class Deliveries implements Owned {
  private final LeasedWork work;
  private final JdbcClient sql;

  Deliveries(LeasedWork work, JdbcClient sql) {
    this.work = work;
    this.sql = sql;
  }

  /** The newest first, and one more than the page has. */
  List<DeliveryObject> list(String endpointId, Cursor page) {
    return withAttempts(
        sql.sql(
                """
                select * from webhook_delivery
                 where endpoint_id = :endpoint
                   and (:after::text is null
                        or number < (select number from webhook_delivery
                                      where id = :after and endpoint_id = :endpoint))
                 order by number desc limit :limit
                """)
            .param("endpoint", endpointId)
            .param("after", page.after())
            .param("limit", page.limit() + 1)
            .query(Delivery::of)
            .list());
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
   * Sends it once more, now; attempts are counted from here. Empty if the department has no such
   * one, it is still under way, or its endpoint is disabled.
   */
  @Transactional
  public Optional<DeliveryObject> again(String department, String id) {
    Optional<Delivery> again =
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
            .query(Delivery::of)
            .optional();
    if (again.isPresent()) {
      work.add(Outbox.WORK, again.get().endpointId(), department);
      sql.sql("delete from webhook_attempt where delivery_id = :id").param("id", id).update();
    }
    return again.map(delivery -> DeliveryObject.of(delivery, List.of()));
  }

  private record Made(String deliveryId, Delivery.Attempt attempt) {}

  private List<DeliveryObject> withAttempts(List<Delivery> deliveries) {
    if (deliveries.isEmpty()) return List.of();
    Map<String, List<Delivery.Attempt>> attempts =
        sql
            .sql("select * from webhook_attempt where delivery_id in (:ids) order by number")
            .param("ids", deliveries.stream().map(each -> each.message().id()).toList())
            .query(
                (ResultSet row, int number) ->
                    new Made(row.getString("delivery_id"), Delivery.Attempt.of(row, number)))
            .list()
            .stream()
            .collect(
                Collectors.groupingBy(
                    Made::deliveryId, Collectors.mapping(Made::attempt, Collectors.toList())));
    return deliveries.stream()
        .map(each -> DeliveryObject.of(each, attempts.getOrDefault(each.message().id(), List.of())))
        .toList();
  }

  /**
   * A message on its way to an endpoint.
   *
   * @param attempts that were made or are being made
   * @param nextAttemptAt null = none
   */
  record Delivery(
      WebhookEvent message,
      String endpointId,
      int attempts,
      @Nullable Instant nextAttemptAt,
      @Nullable Instant deliveredAt) {
    public static Delivery of(ResultSet row, int number) throws SQLException {
      return new Delivery(
          new WebhookEvent(
              row.getString("id"),
              WebhookEvent.WebhookEventType.of(row.getString("type")),
              row.getString("job_id"),
              time(row, "created_at")),
          row.getString("endpoint_id"),
          row.getInt("attempts"),
          timeOrNull(row, "next_attempt_at"),
          timeOrNull(row, "delivered_at"));
    }

    /**
     * What came of an attempt.
     *
     * @param status of the answer; null = there was none
     * @param error null = it was delivered
     */
    public record Attempt(
        int number, Instant at, @Nullable Integer status, @Nullable String error, int millis) {
      public static Attempt of(ResultSet row, int number) throws SQLException {
        return new Attempt(
            row.getInt("number"),
            time(row, "at"),
            (Integer) row.getObject("status"),
            row.getString("error"),
            row.getInt("millis"));
      }
    }
  }

  /**
   * A delivery as people see it; times in unix seconds.
   *
   * @param id of the event, which the receiver has as {@code webhook-id}
   * @param status {@code pending}, {@code delivered} or {@code failed}
   * @param attempts the first first
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
        long at, @Nullable Integer statusCode, @Nullable String error, int durationMs) {}

    static DeliveryObject of(Delivery delivery, List<Delivery.Attempt> attempts) {
      WebhookEvent message = delivery.message();
      return new DeliveryObject(
          message.id(),
          "webhook_delivery",
          delivery.endpointId(),
          message.type(),
          message.jobId(),
          status(delivery),
          message.createdAt().getEpochSecond(),
          UnixTime.seconds(delivery.nextAttemptAt()),
          attempts.stream()
              .map(
                  each ->
                      new AttemptObject(
                          each.at().getEpochSecond(), each.status(), each.error(), each.millis()))
              .toList());
    }

    private static String status(Delivery delivery) {
      if (delivery.nextAttemptAt() != null) return "pending";
      return delivery.deliveredAt() == null ? "failed" : "delivered";
    }
  }
}
