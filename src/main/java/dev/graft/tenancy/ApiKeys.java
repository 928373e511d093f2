package dev.graft.tenancy;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import dev.graft.platform.TransactionLocks;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** API keys: {@link Secrets}, shown once, listed by their first characters. */
@Service
public class ApiKeys {
  public static final String PREFIX = "sk-graft-";

  /** The name of a key that nobody has named. */
  public static final String UNNAMED = "unnamed key";

  private static final int SHOWN = PREFIX.length() + 6;

  private final ApiKeyRows rows;
  private final OwnedKeys owned;
  private final ServiceAccounts accounts;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ApiKeys(
      ApiKeyRows rows,
      OwnedKeys owned,
      ServiceAccounts accounts,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.owned = owned;
    this.accounts = accounts;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** How a list shows a key. */
  static String shown(String secret) {
    return secret.substring(0, SHOWN);
  }

  /** A new key; {@code secret} exists only here. */
  public record Created(String id, String name, String secret, Instant createdAt) {}

  /** A key that never expires, made on the server. */
  @Transactional
  public Created create(String departmentId, Caller.Scope scope) {
    return create(departmentId, scope, UNNAMED, null);
  }

  /**
   * A key made on the server, with a service account of its own.
   *
   * @param name of both
   * @param lifetime how long it is valid; null = until revoked
   */
  @Transactional
  public Created create(
      String departmentId, Caller.Scope scope, String name, @Nullable Duration lifetime) {
    KeyRequest.requireName(name);
    boolean admin = scope == Caller.Scope.ADMIN;
    ServiceAccount account = accounts.create(departmentId, name, admin ? Role.OWNER : Role.MEMBER);
    return create(new NewKey(departmentId, name, admin, account.id(), null, null, lifetime), null);
  }

  /**
   * An administrator's key, made on the server: it opens the organisation, and no department's
   * things.
   *
   * @param lifetime as for {@link #create(String, Caller.Scope, String, Duration)}
   */
  @Transactional
  public Created createForAdministrator(String name, @Nullable Duration lifetime) {
    return create(NewKey.administrators(KeyRequest.requireName(name), lifetime), null);
  }

  @Transactional
  Created create(NewKey key, @Nullable String createdBy) {
    return create(key, createdBy, null);
  }

  private Created create(NewKey key, @Nullable String createdBy, @Nullable String replaces) {
    String secret = Secrets.next(PREFIX);
    Instant now = clock.instant();
    String id = ids.next("key_");
    rows.insert(id, key, secret, createdBy, replaces, now);
    List<String> scopes = key.scopes() == null ? List.of() : key.scopes();
    Map<String, Object> data = Map.of("name", key.name(), "scopes", scopes);
    audit.write("api_key.created", key.departmentId(), id, Map.of("data", data));
    return new Created(id, key.name(), secret, now);
  }

  /**
   * An administrator's key that somebody else has drawn; it ends the others of that name. False if
   * it was there before, even if it is revoked.
   */
  @Transactional
  boolean keep(String secret, String name) {
    locks.take("administrator's key " + name);
    byte[] hash = Secrets.hash(secret);
    Instant now = clock.instant();
    rows.revokeOthers(name, hash, now);
    if (rows.isKnown(hash)) return false;
    NewKey key = NewKey.administrators(name, null);
    rows.insert(ids.next("key_"), key, secret, null, null, now);
    return true;
  }

  /** From the next request on it opens nothing. */
  @Transactional
  public void revoke(String id) {
    revoke(require(id).key());
  }

  private void revoke(ApiKey key) {
    rows.revoke(key.id(), clock.instant());
    audit.write("api_key.deleted", key.departmentId(), key.id(), Map.of("name", key.name()));
  }

  /** As {@link #rotate(String, Duration)}, at once. */
  @Transactional
  public Created rotate(String id) {
    return rotate(id, Duration.ZERO);
  }

  /**
   * Another key of the same owner, scopes and lifetime.
   *
   * @param overlap how long the old one stays valid beside it
   */
  @Transactional
  public Created rotate(String id, Duration overlap) {
    OwnedKeys.Held held = require(id);
    ApiKey old = held.key();
    Instant now = clock.instant();
    if (!old.opens(now)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "This key is revoked or expired; create a new one.", "id");
    }
    if (overlap.isZero()) {
      revoke(old);
    } else {
      rows.expire(id, now.plus(overlap));
      Map<String, Long> asked = Map.of("overlap_seconds", overlap.toSeconds());
      audit.write(
          "api_key.updated",
          old.departmentId(),
          id,
          Map.of("name", old.name(), "changes_requested", asked));
    }
    return create(held.successor(), old.createdBy(), id);
  }

  /**
   * All that are not revoked, newest first.
   *
   * @param departmentId null for those of administrators
   */
  @Transactional(readOnly = true)
  public List<ApiKey> list(@Nullable String departmentId) {
    return owned.page(departmentId, null, null);
  }

  /**
   * A page and one more, newest first.
   *
   * @param departmentId null for those of administrators
   */
  @Transactional(readOnly = true)
  List<ApiKey> list(@Nullable String departmentId, Cursor page) {
    return owned.page(departmentId, page.after(), page.limit() + 1);
  }

  /** One that is not revoked, of this department; null for an administrator's. */
  @Transactional(readOnly = true)
  Optional<ApiKey> find(@Nullable String departmentId, String id) {
    return owned.find(departmentId, id);
  }

  private OwnedKeys.Held require(String id) {
    return owned.findToChange(id).orElseThrow(() -> RequestFailed.notFound("key", id));
  }
}
