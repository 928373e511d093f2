package dev.graft.webhooks.delivery;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import org.jspecify.annotations.Nullable;

/**
 * A message on its way to an endpoint.
 *
 * @param attempts that were made or are being made
 * @param nextAttemptAt null = none
 */
public record Delivery(
    WebhookEvent message,
    String endpointId,
    int attempts,
    @Nullable Instant nextAttemptAt,
    @Nullable Instant deliveredAt) {
  public static Delivery of(ResultSet row, int number) throws SQLException {
    return new Delivery(
        new WebhookEvent(
            row.getString("id"),
            WebhookEventType.of(row.getString("type")),
            row.getString("job_id"),
            row.getObject("created_at", OffsetDateTime.class).toInstant()),
        row.getString("endpoint_id"),
        row.getInt("attempts"),
        instant(row, "next_attempt_at"),
        instant(row, "delivered_at"));
  }

  static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
    OffsetDateTime at = row.getObject(column, OffsetDateTime.class);
    return at == null ? null : at.toInstant();
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
          row.getObject("at", OffsetDateTime.class).toInstant(),
          (Integer) row.getObject("status"),
          row.getString("error"),
          row.getInt("millis"));
    }
  }
}
