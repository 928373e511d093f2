package dev.graft.webhooks.endpoints;

import dev.graft.platform.Ids;
import dev.graft.platform.errors.ProblemType;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.pagination.Cursor;
import dev.graft.tenancy.AuditLog;
import dev.graft.webhooks.delivery.OutboundGuard;
import dev.graft.webhooks.delivery.Outbox;
import dev.graft.webhooks.delivery.SealedSecrets;
import dev.graft.webhooks.delivery.Signature;
import dev.graft.webhooks.delivery.WebhookEventType;
import dev.graft.webhooks.delivery.WebhookProperties;
import dev.graft.webhooks.endpoints.EndpointRows.Sealed;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The endpoints of the departments. */
@Service
public class Endpoints {
  private static final Duration OVERLAP = Duration.ofHours(24);
  private static final int SECRET_BYTES = 32;
  private static final int HINTED = 4;
  private static final int LONGEST_NAME = 200;
  private static final String BY_REQUEST = "It was disabled by request.";

  private final SecureRandom random = new SecureRandom();
  private final EndpointRows rows;
  private final Outbox outbox;
  private final SealedSecrets secrets;
  private final OutboundGuard guard;
  private final WebhookProperties settings;
  private final AuditLog audit;
  private final Ids ids;

  Endpoints(
      EndpointRows rows,
      Outbox outbox,
      SealedSecrets secrets,
      OutboundGuard guard,
      WebhookProperties settings,
      AuditLog audit,
      Ids ids) {
    this.rows = rows;
    this.outbox = outbox;
    this.secrets = secrets;
    this.guard = guard;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
  }

  /** What an endpoint shall be; null = as it is. */
  record Change(
      @Nullable String name,
      @Nullable String url,
      @Nullable Set<WebhookEventType> events,
      @Nullable Boolean enabled) {}

  public Endpoint require(String department, String id) {
    return rows.find(department, id).orElseThrow(() -> notFound(id));
  }

  private static RequestFailed notFound(String id) {
    return RequestFailed.notFound("webhook endpoint", id);
  }

  List<Endpoint> list(String department, Cursor page) {
    return rows.list(department, page);
  }

  /** As people see it. */
  String secretOf(Endpoint endpoint) {
    try {
      return shown(secrets.open(endpoint.secret(), endpoint.id()));
    } catch (SealedSecrets.Unreadable e) {
      throw new IllegalStateException(e);
    }
  }

  private static String shown(byte[] secret) {
    return Signature.PREFIX + Base64.getEncoder().encodeToString(secret);
  }

  /**
   * Refuses URLs that lead to where nothing may be sent. Names are looked up, which may take long:
   * before a transaction, not in one.
   */
  void requireReachable(String url) {
    guard.require(url);
  }

  /** Returns the id. */
  @Transactional
  public String create(String department, String name, String url, Set<WebhookEventType> events) {
    if (rows.lockedCount(department) >= settings.maxEndpoints()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "The project has %d webhook endpoints, as many as it may have."
              .formatted(settings.maxEndpoints()));
    }
    String id = ids.next("whe_");
    rows.insert(id, department, checked(name), url, events, secret(id));
    audit.write("webhook_endpoint.created", department, id, Map.of("url", url));
    return id;
  }

  private static String checked(String name) {
    if (!name.isBlank() && name.length() <= LONGEST_NAME && name.indexOf('\0') < 0) return name;
    throw RequestFailed.invalid(
        "name", "must have 1 to " + LONGEST_NAME + " characters, and no U+0000");
  }

  private Sealed secret(String id) {
    byte[] secret = new byte[SECRET_BYTES];
    random.nextBytes(secret);
    String shown = shown(secret);
    String hint = Signature.PREFIX + "..." + shown.substring(shown.length() - HINTED);
    return new Sealed(secrets.seal(secret, id), hint);
  }

  @Transactional
  public void change(String department, String id, Change change) {
    Endpoint now = rows.findToChange(department, id).orElseThrow(() -> notFound(id));
    String reason = now.disabledReason();
    if (change.enabled() != null) {
      reason = change.enabled() ? null : reason == null ? BY_REQUEST : reason;
    }
    String url = change.url() == null ? now.url() : change.url();
    rows.update(
        new Endpoint(
            id,
            department,
            change.name() == null ? now.name() : checked(change.name()),
            url,
            change.events() == null ? now.events() : change.events(),
            now.secret(),
            now.earlierSecret(),
            now.secretHint(),
            now.createdAt(),
            now.updatedAt(),
            reason));
    if (reason != null) outbox.endAll(department, id);
    audit.write(
        "webhook_endpoint.updated", department, id, Map.of("url", url, "enabled", reason == null));
  }

  /**
   * Returns the id.
   *
   * @param keepOld whether the secret until now signs beside the new one for a day
   */
  @Transactional
  public String rotate(String department, String id, boolean keepOld) {
    Endpoint endpoint = rows.findToChange(department, id).orElseThrow(() -> notFound(id));
    rows.rotate(endpoint.id(), secret(id), keepOld ? OVERLAP : Duration.ZERO);
    audit.write("webhook_endpoint.secret_rotated", department, id, Map.of());
    return id;
  }

  @Transactional
  public void delete(String department, String id) {
    Endpoint endpoint = rows.findToChange(department, id).orElseThrow(() -> notFound(id));
    outbox.endAll(department, id);
    rows.delete(id);
    audit.write("webhook_endpoint.deleted", department, id, Map.of("url", endpoint.url()));
  }
}
