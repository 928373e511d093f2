package dev.graft.webhooks;

import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

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
            WebhookEventType.of(row.getString("type")),
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
