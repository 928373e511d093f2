package dev.graft.webhooks.endpoints;

import dev.graft.webhooks.delivery.WebhookEventType;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** A row of {@code webhook_endpoint}. One that fails for long is disabled by the outbox. */
@Entity
@DynamicUpdate
@Table(name = "webhook_endpoint")
class EndpointRow {
  private static final String BY_REQUEST = "It was disabled by request.";

  @Id private String id;

  @SuppressWarnings("UnusedVariable") // Hibernate's
  @Version
  private @Nullable Integer version;

  @Column(updatable = false)
  private String departmentId;

  private String name;
  private String url;
  private List<String> events;
  private byte[] secret;
  private String secretHint;
  private byte @Nullable [] earlierSecret;
  private @Nullable Instant earlierUntil;

  @Column(updatable = false)
  private Instant createdAt;

  private Instant updatedAt;

  @SuppressWarnings("UnusedVariable") // read by the outbox
  private @Nullable Instant disabledAt;

  private @Nullable String disabledReason;

  /**
   * A secret as it is stored.
   *
   * @param hint what of it people may see
   */
  record Sealed(byte[] bytes, String hint) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected EndpointRow() {}

  EndpointRow(
      String id,
      String departmentId,
      String name,
      String url,
      Set<WebhookEventType> events,
      Sealed secret,
      Instant now) {
    this.id = id;
    this.departmentId = departmentId;
    this.name = name;
    this.url = url;
    this.events = names(events);
    this.secret = secret.bytes();
    this.secretHint = secret.hint();
    this.createdAt = now;
    this.updatedAt = now;
  }

  private static List<String> names(Set<WebhookEventType> events) {
    return events.stream().map(WebhookEventType::wireName).toList();
  }

  /** One that is disabled already keeps the time and the reason of that. */
  void change(Endpoints.Change wanted, Instant now) {
    Said before = said();
    if (wanted.name() != null) name = wanted.name();
    if (wanted.url() != null) url = wanted.url();
    if (wanted.events() != null) events = names(wanted.events());
    if (wanted.enabled() != null && wanted.enabled() != isEnabled()) {
      disabledAt = wanted.enabled() ? null : now;
      disabledReason = wanted.enabled() ? null : BY_REQUEST;
    }
    if (!said().equals(before)) updatedAt = now;
  }

  private record Said(
      String name, String url, List<String> events, @Nullable String disabledReason) {}

  private Said said() {
    return new Said(name, url, events, disabledReason);
  }

  /**
   * @param overlap how long the secret until now signs beside the new one; null = not at all
   */
  void rotate(Sealed next, @Nullable Duration overlap, Instant now) {
    earlierSecret = overlap == null ? null : secret;
    earlierUntil = overlap == null ? null : now.plus(overlap);
    secret = next.bytes();
    secretHint = next.hint();
    updatedAt = now;
  }

  Endpoint endpoint(Instant now) {
    return new Endpoint(
        id,
        departmentId,
        name,
        url,
        events.stream()
            .map(WebhookEventType::of)
            .collect(Collectors.toCollection(() -> EnumSet.noneOf(WebhookEventType.class))),
        secret,
        earlierUntil != null && earlierUntil.isAfter(now) ? earlierSecret : null,
        secretHint,
        createdAt,
        updatedAt,
        disabledReason);
  }

  boolean isEnabled() {
    return disabledReason == null;
  }

  String departmentId() {
    return departmentId;
  }

  String url() {
    return url;
  }
}
