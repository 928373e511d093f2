package dev.graft.tenancy;

import dev.graft.platform.Ids;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import dev.graft.platform.TransactionLocks;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.data.domain.Limit;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** Creates, rotates and revokes API keys, which are {@link Secrets} that are shown once. */
@Service
public class ApiKeys {
  public static final String PREFIX = "sk-graft-";

  /** The name of a key that is created without one. */
  public static final String UNNAMED = "unnamed key";

  private final IssuedKeys issued;
  private final ServiceAccountService accounts;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ApiKeys(
      IssuedKeys issued,
      ServiceAccountService accounts,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.issued = issued;
    this.accounts = accounts;
    this.locks = locks;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** A new key with its {@code secret}, which is not stored. */
  public record Created(String id, String name, String secret, Instant createdAt) {}

  /** Creates a key that never expires, on the server. */
  @Transactional
  public Created create(String departmentId, Caller.Scope scope) {
    return create(departmentId, scope, UNNAMED, null);
  }

  /**
   * Creates a key on the server, with a service account of its own.
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
    return create(new ApiKey.NewKey(account, name, admin, null, lifetime), null);
  }

  /**
   * Creates an administrator's key on the server. It administers the organisation and reaches
   * nothing that belongs to a department.
   *
   * @param lifetime how long it is valid; null = until revoked
   */
  @Transactional
  public Created createForAdministrator(String name, @Nullable Duration lifetime) {
    return createForAdministrator(name, lifetime, null);
  }

  @Transactional
  Created createForAdministrator(
      @Nullable String name, @Nullable Duration lifetime, @Nullable String createdBy) {
    String given = KeyRequest.requireName(name);
    return create(new ApiKey.NewKey(null, given, true, null, lifetime), createdBy);
  }

  /**
   * @param createdBy the account that asked for the key; null = a command on the server
   */
  @Transactional
  Created create(ApiKey.NewKey key, @Nullable String createdBy) {
    String secret = Secrets.next(PREFIX);
    return save(new ApiKey(ids.next("key_"), key, secret, createdBy, clock.instant()), secret);
  }

  private Created save(ApiKey key, String secret) {
    issued.save(key);
    List<String> scopes = key.scopes() == null ? List.of() : key.scopes();
    Map<String, Object> data = Map.of("name", key.name(), "scopes", scopes);
    audit.write("api_key.created", key.departmentId(), key.id(), Map.of("data", data));
    return new Created(key.id(), key.name(), secret, key.createdAt());
  }

  /**
   * Stores an administrator's key that the operator has drawn, and revokes the others of that name.
   * Returns false if the key was stored before, even if it is revoked.
   */
  @Transactional
  boolean keep(String secret, String name) {
    locks.take("administrator's key " + name);
    byte[] hash = Secrets.hash(secret);
    Instant now = clock.instant();
    issued.revokeOthers(name, hash, now);
    if (issued.existsByHash(hash)) return false;
    var key = new ApiKey.NewKey(null, name, true, null, null);
    issued.save(new ApiKey(ids.next("key_"), key, secret, null, now));
    return true;
  }

  /** Revokes a key, which is refused from the next request on. */
  @Transactional
  public void revoke(String id) {
    revoke(require(id));
  }

  private void revoke(ApiKey key) {
    key.revoke(clock.instant());
    audit.write("api_key.deleted", key.departmentId(), key.id(), Map.of("name", key.name()));
  }

  /**
   * Creates another key of the same owner, scopes and lifetime.
   *
   * @param overlap how long the old key stays valid beside it; zero = it is revoked at once
   */
  @Transactional
  public Created rotate(String id, Duration overlap) {
    ApiKey old = require(id);
    Instant now = clock.instant();
    if (!old.isValid(now)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "This key is revoked or expired; create a new one.", "id");
    }
    String secret = Secrets.next(PREFIX);
    ApiKey successor = old.successor(ids.next("key_"), secret, now);
    if (overlap.isZero()) {
      revoke(old);
    } else {
      old.expireBy(now.plus(overlap));
      Map<String, Long> asked = Map.of("overlap_seconds", overlap.toSeconds());
      audit.write(
          "api_key.updated",
          old.departmentId(),
          id,
          Map.of("name", old.name(), "changes_requested", asked));
    }
    return save(successor, secret);
  }

  private ApiKey require(String id) {
    return issued.findToChange(id).orElseThrow(() -> RequestFailed.notFound("key", id));
  }

  /**
   * Lists the keys that are not revoked, newest first.
   *
   * @param departmentId null for those of administrators
   */
  @Transactional(readOnly = true)
  public List<Listed> list(@Nullable String departmentId) {
    return issued.newest(departmentId, null, Limit.unlimited()).stream()
        .map(ApiKey.Owned::key)
        .map(
            key ->
                new Listed(
                    key.id(),
                    key.name(),
                    key.prefix(),
                    key.admin(),
                    key.replaces(),
                    key.expiresAt(),
                    key.lastUsedAt()))
        .toList();
  }

  /**
   * A key as it may be shown.
   *
   * @param prefix its first characters
   * @param admin whether it may administer the organisation
   * @param replaces id of the key that was rotated to this one
   */
  public record Listed(
      String id,
      String name,
      String prefix,
      boolean admin,
      @Nullable String replaces,
      @Nullable Instant expiresAt,
      @Nullable Instant lastUsedAt) {}

  /**
   * A request for a key.
   *
   * @param scopes permissions of the key, out of those of its owner; null = all of these
   * @param expiresInSeconds from 1 second to a year; null = until deleted
   */
  record KeyRequest(
      @Nullable String name, @Nullable List<String> scopes, @Nullable Long expiresInSeconds) {
    private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}]{1,100}");
    private static final long LONGEST = Duration.ofDays(365).toSeconds();

    KeyRequest {
      if (name != null) requireName(name);
      if (scopes != null) Permission.of(scopes);
      if (expiresInSeconds != null && (expiresInSeconds < 1 || expiresInSeconds > LONGEST)) {
        throw RequestFailed.invalid(
            "expires_in_seconds", "expires_in_seconds must be from 1 to " + LONGEST + ".");
      }
    }

    String nameOr(String otherwise) {
      return name == null ? otherwise : name;
    }

    @Nullable Duration lifetime() {
      return expiresInSeconds == null ? null : Duration.ofSeconds(expiresInSeconds);
    }

    /** Returns the permissions of the key, out of those of its owner. */
    Set<Permission> of(Set<Permission> owners) {
      Set<Permission> permissions = EnumSet.noneOf(Permission.class);
      permissions.addAll(owners);
      if (scopes != null) permissions.retainAll(Permission.of(scopes));
      return permissions;
    }

    /** Checks the name of a key or a service account. */
    static String requireName(@Nullable String name) {
      String given = RequestFailed.required(name, "name");
      if (!NAME.matcher(given).matches()) {
        throw RequestFailed.invalid(
            "name", "name must have 1 to 100 characters and no control characters.");
      }
      return given;
    }
  }

  /**
   * Stores the administrator's key that the operator has chosen, such as a secret of the cluster,
   * before the first request. Another value revokes the key before. A key that an administrator has
   * revoked stays revoked.
   */
  @Component
  static class AdministratorFromSettings implements SmartInitializingSingleton {
    private static final Logger log = LoggerFactory.getLogger(AdministratorFromSettings.class);
    private static final String NAME = "from settings";

    /** With 43 characters of base 64, which hold 256 random bits. */
    private static final int SHORTEST = ApiKeys.PREFIX.length() + 43;

    private final @Nullable String secret;
    private final ApiKeys keys;

    AdministratorFromSettings(TenancyProperties settings, ApiKeys keys) {
      this.secret = settings.adminKey();
      this.keys = keys;
    }

    @Override
    public void afterSingletonsInstantiated() {
      if (secret == null || secret.isBlank()) return;
      if (!secret.startsWith(ApiKeys.PREFIX) || secret.length() < SHORTEST) {
        throw new MachineLacks(
            "graft.tenancy.admin-key (GRAFT_ADMIN_KEY) must be sk-graft- and at least 43 random"
                + " characters, such as sk-graft-$(openssl rand -hex 32)");
      }
      if (keys.keep(secret, NAME)) log.atInfo().log("administrator_from_settings");
    }
  }
}
