package dev.graft.webhooks;

import java.time.Instant;
import java.util.Set;
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
record Endpoint(
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
  boolean isEnabled() {
    return disabledReason == null;
  }

  WebhookSender.Address address() {
    return new WebhookSender.Address(id, url, secret, earlierSecret);
  }
}
