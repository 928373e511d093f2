package dev.graft.webhooks.endpoints;

import static dev.graft.platform.database.ResultColumns.time;

import dev.graft.webhooks.delivery.WebhookEventType;
import dev.graft.webhooks.delivery.WebhookSender;
import java.sql.Array;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where a department is told, and of what.
 *
 * @param name for people
 * @param secret sealed; see {@code SealedSecrets}
 * @param earlierSecret sealed; the one before, while both are in force
 * @param secretHint what of it people may see
 * @param disabledReason why nothing is sent; null = it is
 */
public record Endpoint(
    String id,
    String departmentId,
    String name,
    String url,
    Set<WebhookEventType> events,
    byte[] secret,
    byte @Nullable [] earlierSecret,
    String secretHint,
    Instant createdAt,
    Instant updatedAt,
    @Nullable String disabledReason) {
  static Endpoint of(ResultSet row, int number) throws SQLException {
    return new Endpoint(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        row.getString("url"),
        events(row.getArray("events")),
        row.getBytes("secret"),
        row.getBytes("second_secret"),
        row.getString("secret_hint"),
        time(row, "created_at"),
        time(row, "updated_at"),
        row.getString("disabled_reason"));
  }

  private static Set<WebhookEventType> events(Array names) throws SQLException {
    return Arrays.stream((String[]) names.getArray())
        .map(WebhookEventType::of)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(WebhookEventType.class)));
  }

  WebhookSender.Address address() {
    return new WebhookSender.Address(id, url, secret, earlierSecret);
  }

  /** As PostgreSQL reads an array of texts. */
  static String[] names(Set<WebhookEventType> events) {
    return events.stream().map(WebhookEventType::wireName).toArray(String[]::new);
  }
}
