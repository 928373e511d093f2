package dev.graft.webhooks;

import dev.graft.platform.UnixTime;
import java.util.List;
import org.jspecify.annotations.Nullable;

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
    WebhookEventType eventType,
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
