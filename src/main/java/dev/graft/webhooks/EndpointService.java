package dev.graft.webhooks;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.webhooks.WebhookEndpoint.Change;
import dev.graft.webhooks.WebhookEndpoint.Secret;
import dev.graft.webhooks.WebhookEvent.WebhookEventType;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The webhook endpoints of departments, and their signing secrets. */
@Service
class EndpointService implements Owned {
  private static final Duration OVERLAP = Duration.ofHours(24);
  private static final int SECRET_BYTES = 32;
  private static final int HINTED = 4;
  private static final int LONGEST_NAME = 200;

  private final SecureRandom random = new SecureRandom();
  private final WebhookEndpoints endpoints;
  private final TransactionLocks locks;
  private final Outbox outbox;
  private final SealedSecrets secrets;
  private final OutboundClient.OutboundGuard guard;
  private final WebhooksConfiguration.WebhookProperties settings;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  EndpointService(
      WebhookEndpoints endpoints,
      TransactionLocks locks,
      Outbox outbox,
      SealedSecrets secrets,
      OutboundClient.OutboundGuard guard,
      WebhooksConfiguration.WebhookProperties settings,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.endpoints = endpoints;
    this.locks = locks;
    this.outbox = outbox;
    this.secrets = secrets;
    this.guard = guard;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Optional<String> departmentOf(String id) {
    return endpoints.departmentOf(id);
  }

  WebhookEndpoint require(String department, String id) {
    return endpoints.findByDepartmentIdAndId(department, id).orElseThrow(() -> notFound(id));
  }

  private static RequestFailed notFound(String id) {
    return RequestFailed.notFound("webhook endpoint", id);
  }

  /** Returns the newest first, one more than the page has. */
  List<WebhookEndpoint> list(String department, Cursor page) {
    return endpoints.newest(department, page.after(), Limit.of(page.limit() + 1));
  }

  /** Returns the signing secret as people see it: {@code whsec_...}. */
  String secretOf(WebhookEndpoint endpoint) {
    try {
      return shown(secrets.open(endpoint.secret().sealed(), endpoint.getId()));
    } catch (SealedSecrets.Unreadable e) {
      throw new IllegalStateException(e);
    }
  }

  private static String shown(byte[] secret) {
    return WebhookSender.Signature.PREFIX + Base64.getEncoder().encodeToString(secret);
  }

  /**
   * Refuses URLs to which Graft may not send. Resolves names, which can take long, so it must not
   * run in a transaction.
   */
  void requireReachable(String url) {
    guard.require(url);
  }

  /** Returns the id. */
  @Transactional
  String create(String department, String name, String url, Set<WebhookEventType> events) {
    locks.take("webhooks " + department);
    if (endpoints.countByDepartmentId(department) >= settings.maxEndpoints()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "The department has %d webhook endpoints, the maximum."
              .formatted(settings.maxEndpoints()));
    }
    String id = ids.next("whe_");
    endpoints.save(
        new WebhookEndpoint(
            id, department, checked(name), url, events, secret(id), clock.instant()));
    audit.write("webhook_endpoint.created", department, id, Map.of("url", url));
    return id;
  }

  private static String checked(String name) {
    if (!name.isBlank() && name.length() <= LONGEST_NAME && name.indexOf('\0') < 0) return name;
    throw RequestFailed.invalid(
        "name", "must have 1 to " + LONGEST_NAME + " characters other than U+0000");
  }

  private Secret secret(String id) {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    String shown = shown(secret);
    String hint = WebhookSender.Signature.PREFIX + "..." + shown.substring(shown.length() - HINTED);
    return new Secret(secrets.seal(secret, id), hint);
  }

  @Transactional
  void change(String department, String id, Change change) {
    if (change.name() != null) checked(change.name());
    WebhookEndpoint changed = toChange(department, id);
    changed.change(change, clock.instant());
    if (!changed.isEnabled()) outbox.endAll(department, id);
    audit.write(
        "webhook_endpoint.updated",
        department,
        id,
        Map.of("url", changed.url(), "enabled", changed.isEnabled()));
  }

  private WebhookEndpoint toChange(String department, String id) {
    return endpoints.findToChange(department, id).orElseThrow(() -> notFound(id));
  }

  /**
   * Replaces the signing secret; returns the id.
   *
   * @param keepOld whether the old secret also signs for 24 hours
   */
  @Transactional
  String rotate(String department, String id, boolean keepOld) {
    Instant now = clock.instant();
    toChange(department, id).rotate(secret(id), keepOld ? now.plus(OVERLAP) : null, now);
    audit.write("webhook_endpoint.secret_rotated", department, id, Map.of());
    return id;
  }

  @Transactional
  void delete(String department, String id) {
    WebhookEndpoint endpoint = toChange(department, id);
    outbox.endAll(department, id);
    endpoints.delete(endpoint);
    audit.write("webhook_endpoint.deleted", department, id, Map.of("url", endpoint.url()));
  }
}
