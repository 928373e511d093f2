package dev.graft.tenancy;

import dev.graft.platform.AssignedId;
import dev.graft.platform.Secrets;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/**
 * An API key, of which only the hash is stored. After it is made, only its end changes: it is
 * revoked, or expires sooner.
 */
@Entity
@DynamicUpdate
class ApiKey extends AssignedId {
  private static final int SHOWN = ApiKeys.PREFIX.length() + 6;

  /** Null for an administrator's. */
  private @Nullable String departmentId;

  private String name;
  private boolean admin;
  private @Nullable String serviceAccountId;
  private @Nullable String personId;

  /** Names of {@code Permission}s; null = all that its owner may do. */
  private @Nullable List<String> scopes;

  /** Its first characters. */
  private String prefix;

  @Column private byte[] hash;

  /** The account that asked for it; null = a command on the server. */
  private @Nullable String createdBy;

  /** Id of the key that was rotated to this one. */
  private @Nullable String replaces;

  private Instant createdAt;
  private @Nullable Instant expiresAt;
  private @Nullable Instant revokedAt;

  /** Moved by {@link KeyAuthenticator}. */
  @Column(insertable = false, updatable = false)
  private @Nullable Instant lastUsedAt;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected ApiKey() {}

  ApiKey(String id, NewKey key, String secret, @Nullable String createdBy, Instant now) {
    super(id);
    ServiceAccount account = key.account();
    this.departmentId = account == null ? null : account.departmentId();
    this.serviceAccountId = account == null ? null : account.id();
    this.name = key.name();
    this.admin = key.admin();
    this.scopes = key.scopes();
    this.prefix = secret.substring(0, SHOWN);
    this.hash = Secrets.hash(secret);
    this.createdBy = createdBy;
    this.createdAt = now;
    this.expiresAt = key.lifetime() == null ? null : now.plus(key.lifetime());
  }

  /**
   * A key to make.
   *
   * @param account its owner; null for an administrator's
   * @param admin whether it may administer the organisation
   * @param scopes names of {@code Permission}s; null = all that its owner may do
   * @param lifetime how long it is valid; null = until revoked
   */
  record NewKey(
      @Nullable ServiceAccount account,
      String name,
      boolean admin,
      @Nullable List<String> scopes,
      @Nullable Duration lifetime) {}

  /** Returns another key of the same owner, scopes and lifetime. */
  ApiKey successor(String id, String secret, Instant now) {
    Duration lifetime = expiresAt == null ? null : Duration.between(createdAt, expiresAt);
    ApiKey next =
        new ApiKey(id, new NewKey(null, name, admin, scopes, lifetime), secret, createdBy, now);
    next.departmentId = departmentId;
    next.serviceAccountId = serviceAccountId;
    next.personId = personId;
    next.replaces = id();
    return next;
  }

  void revoke(Instant now) {
    if (revokedAt == null) revokedAt = now;
  }

  /** Ends the key at this time, unless it ends earlier. */
  void expireBy(Instant end) {
    if (expiresAt == null || end.isBefore(expiresAt)) expiresAt = end;
  }

  boolean isValid(Instant now) {
    return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
  }

  @Nullable String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  boolean admin() {
    return admin;
  }

  @Nullable List<String> scopes() {
    return scopes;
  }

  String prefix() {
    return prefix;
  }

  @Nullable String createdBy() {
    return createdBy;
  }

  @Nullable String replaces() {
    return replaces;
  }

  Instant createdAt() {
    return createdAt;
  }

  @Nullable Instant expiresAt() {
    return expiresAt;
  }

  @Nullable Instant lastUsedAt() {
    return lastUsedAt;
  }

  /**
   * A key with its owner: a service account, or a person, who may have left the department.
   *
   * @param account null if a person owns it, or for an administrator's
   */
  record Owned(
      ApiKey key,
      @Nullable ServiceAccount account,
      @Nullable Person person,
      @Nullable DepartmentMember member) {
    Role role() {
      if (account != null) return account.role();
      return member == null ? Role.NONE : member.role();
    }
  }
}
