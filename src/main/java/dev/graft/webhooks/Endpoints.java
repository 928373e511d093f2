package dev.graft.webhooks;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.TransactionLocks;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Owned;
import dev.graft.webhooks.EndpointRows.Sealed;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The endpoints of the departments. */
@Service
class Endpoints implements Owned {
  private static final Duration OVERLAP = Duration.ofHours(24);
  private static final int SECRET_BYTES = 32;
  private static final int HINTED = 4;
  private static final int LONGEST_NAME = 200;

  private final SecureRandom random = new SecureRandom();
  private final EndpointRows rows;
  private final TransactionLocks locks;
  private final Outbox outbox;
  private final SealedSecrets secrets;
  private final OutboundGuard guard;
  private final WebhookProperties settings;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  Endpoints(
      EndpointRows rows,
      TransactionLocks locks,
      Outbox outbox,
      SealedSecrets secrets,
      OutboundGuard guard,
      WebhookProperties settings,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.locks = locks;
    this.outbox = outbox;
    this.secrets = secrets;
    this.guard = guard;
    this.settings = settings;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** What an endpoint shall be; null = as it is. */
  record Change(
      @Nullable String name,
      @Nullable String url,
      @Nullable Set<WebhookEventType> events,
      @Nullable Boolean enabled) {}

  @Override
  @Transactional(readOnly = true)
  public Optional<String> departmentOf(String id) {
    return rows.departmentOf(id);
  }

  @Transactional(readOnly = true)
  public Endpoint require(String department, String id) {
    return rows.find(department, id).orElseThrow(() -> notFound(id));
  }

  private static RequestFailed notFound(String id) {
    return RequestFailed.notFound("webhook endpoint", id);
  }

  /** The newest first, and one more than the page has. */
  @Transactional(readOnly = true)
  public List<Endpoint> list(String department, Cursor page) {
    return rows.page(department, page.after(), page.limit() + 1);
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
    locks.take("webhooks " + department);
    if (rows.count(department) >= settings.maxEndpoints()) {
      throw new RequestFailed(
          ProblemType.QUOTA_EXCEEDED,
          "The department has %d webhook endpoints, as many as it may have."
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
    if (change.name() != null) checked(change.name());
    toChange(department, id);
    rows.change(id, change);
    Endpoint changed = require(department, id);
    if (!changed.isEnabled()) outbox.endAll(department, id);
    audit.write(
        "webhook_endpoint.updated",
        department,
        id,
        Map.of("url", changed.url(), "enabled", changed.isEnabled()));
  }

  private Endpoint toChange(String department, String id) {
    return rows.findToChange(department, id).orElseThrow(() -> notFound(id));
  }

  /**
   * Returns the id.
   *
   * @param keepOld whether the secret until now signs beside the new one for a day
   */
  @Transactional
  public String rotate(String department, String id, boolean keepOld) {
    toChange(department, id);
    rows.rotate(id, secret(id), keepOld ? clock.instant().plus(OVERLAP) : null);
    audit.write("webhook_endpoint.secret_rotated", department, id, Map.of());
    return id;
  }

  @Transactional
  public void delete(String department, String id) {
    Endpoint endpoint = toChange(department, id);
    outbox.endAll(department, id);
    rows.delete(id);
    audit.write("webhook_endpoint.deleted", department, id, Map.of("url", endpoint.url()));
  }
}
