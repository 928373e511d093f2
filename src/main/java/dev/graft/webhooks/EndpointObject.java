package dev.graft.webhooks;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * OpenAI's webhook endpoint; {@code status} and {@code disabled_reason} are Graft's. Times in unix
 * seconds.
 *
 * @param signingSecret {@code whsec_...} where it is new; else left out: it is shown once
 * @param signingSecretHint its end
 * @param status {@code enabled} or {@code disabled}
 * @param disabledReason a sentence; null = it is not
 */
record EndpointObject(
    String id,
    String object,
    String name,
    String url,
    Set<WebhookEventType> eventTypes,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String signingSecret,
    String signingSecretHint,
    long createdAt,
    long updatedAt,
    String status,
    @Nullable String disabledReason) {
  static EndpointObject of(Endpoint endpoint) {
    return of(endpoint, null);
  }

  static EndpointObject of(Endpoint endpoint, @Nullable String secret) {
    return new EndpointObject(
        endpoint.id(),
        "webhook_endpoint",
        endpoint.name(),
        endpoint.url(),
        endpoint.events(),
        secret,
        endpoint.secretHint(),
        endpoint.createdAt().getEpochSecond(),
        endpoint.updatedAt().getEpochSecond(),
        endpoint.disabledReason() == null ? "enabled" : "disabled",
        endpoint.disabledReason());
  }
}
