package dev.graft.webhooks;

import static java.util.Objects.requireNonNullElse;

import dev.graft.platform.AssignedId;
import dev.graft.webhooks.WebhookEvent.WebhookEventType;
import jakarta.persistence.Column;
import jakarta.persistence.Embeddable;
import jakarta.persistence.Embedded;
import jakarta.persistence.Entity;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import org.hibernate.annotations.DynamicUpdate;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;
import org.jspecify.annotations.Nullable;

/**
 * A URL of a department to which events are sent. The outbox disables one that fails for a day, by
 * SQL.
 */
@Entity
@DynamicUpdate
class WebhookEndpoint extends AssignedId {

  @Column(updatable = false)
  private String departmentId;

  private String name;
  private String url;

  @JdbcTypeCode(SqlTypes.ARRAY)
  private String[] events;

  @Embedded private Secret secret;

  private byte @Nullable [] earlierSecret;
  private @Nullable Instant earlierUntil;

  @Column(updatable = false)
  private Instant createdAt;

  private Instant updatedAt;
  @Column private @Nullable Instant disabledAt;
  private @Nullable String disabledReason;

  /**
   * A signing secret as it is stored.
   *
   * @param sealed encrypted by {@link SealedSecrets}
   * @param hint the end of the secret, which people may see
   */
  @Embeddable
  record Secret(
      @Column(name = "secret") byte[] sealed, @Column(name = "secret_hint") String hint) {}

  /** The fields to change; null = unchanged. */
  record Change(
      @Nullable String name,
      @Nullable String url,
      @Nullable Set<WebhookEventType> events,
      @Nullable Boolean enabled) {}

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected WebhookEndpoint() {}

  WebhookEndpoint(
      String id,
      String departmentId,
      String name,
      String url,
      Set<WebhookEventType> events,
      Secret secret,
      Instant now) {
    super(id);
    this.departmentId = departmentId;
    this.name = name;
    this.url = url;
    this.events = wireNames(events);
    this.secret = secret;
    this.createdAt = now;
    this.updatedAt = now;
  }

  private static String[] wireNames(Set<WebhookEventType> events) {
    return events.stream().map(WebhookEventType::wireName).toArray(String[]::new);
  }

  /** An endpoint that is disabled already keeps the time and the reason. */
  void change(Change wanted, Instant now) {
    String nextName = requireNonNullElse(wanted.name(), name);
    String nextUrl = requireNonNullElse(wanted.url(), url);
    Set<WebhookEventType> nextEvents = requireNonNullElse(wanted.events(), events());
    boolean enable = requireNonNullElse(wanted.enabled(), isEnabled());
    boolean same = nextName.equals(name) && nextUrl.equals(url) && nextEvents.equals(events());
    if (same && enable == isEnabled()) return;
    name = nextName;
    url = nextUrl;
    events = wireNames(nextEvents);
    if (enable != isEnabled()) {
      disabledAt = enable ? null : now;
      disabledReason = enable ? null : "Disabled by request.";
    }
    updatedAt = now;
  }

  /**
   * @param keepOldUntil when the current secret stops signing beside the new one; null = at once
   */
  void rotate(Secret next, @Nullable Instant keepOldUntil, Instant now) {
    earlierSecret = keepOldUntil == null ? null : secret.sealed();
    earlierUntil = keepOldUntil;
    secret = next;
    updatedAt = now;
  }

  WebhookSender.Address address(Instant now) {
    boolean both = earlierUntil != null && earlierUntil.isAfter(now);
    return new WebhookSender.Address(id(), url, secret.sealed(), both ? earlierSecret : null);
  }

  boolean isEnabled() {
    return disabledReason == null;
  }

  Set<WebhookEventType> events() {
    return Arrays.stream(events)
        .map(WebhookEventType::of)
        .collect(Collectors.toCollection(() -> EnumSet.noneOf(WebhookEventType.class)));
  }

  String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  String url() {
    return url;
  }

  Secret secret() {
    return secret;
  }

  Instant createdAt() {
    return createdAt;
  }

  Instant updatedAt() {
    return updatedAt;
  }

  /** Returns why nothing is sent; null if the endpoint is enabled. */
  @Nullable String disabledReason() {
    return disabledReason;
  }
}
