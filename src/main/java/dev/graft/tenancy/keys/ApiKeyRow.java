package dev.graft.tenancy.keys;

import dev.graft.platform.security.Secrets;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** A row of {@code api_key}. Once made, only its end comes nearer. */
@Entity
@DynamicUpdate
@Table(name = "api_key")
class ApiKeyRow {
  @Id private String id;

  @Column(updatable = false)
  private @Nullable String departmentId;

  @Column(updatable = false)
  private String name;

  @Column(updatable = false)
  private boolean admin;

  @Column(updatable = false)
  private @Nullable String serviceAccountId;

  @Column(updatable = false)
  private @Nullable String personId;

  @Column(updatable = false)
  private @Nullable List<String> scopes;

  @Column(updatable = false)
  private String prefix;

  @Column(updatable = false)
  private byte[] hash;

  @Column(updatable = false)
  private @Nullable String createdBy;

  @Column(updatable = false)
  private @Nullable String replaces;

  @Column(updatable = false)
  private Instant createdAt;

  private @Nullable Instant expiresAt;
  private @Nullable Instant revokedAt;

  /** Moved by the authenticator alone. */
  @Column(insertable = false, updatable = false)
  private @Nullable Instant lastUsedAt;

  @SuppressWarnings("UnusedVariable")
  @Version
  private @Nullable Integer version;

  /** For JPA, which fills the fields. */
  @SuppressWarnings("NullAway.Init")
  protected ApiKeyRow() {}

  /**
   * @param replaces id of the key that this one is the successor of
   */
  ApiKeyRow(
      String id,
      NewKey key,
      String secret,
      @Nullable String createdBy,
      @Nullable String replaces,
      Instant createdAt) {
    this.id = id;
    this.departmentId = key.departmentId();
    this.name = key.name();
    this.admin = key.admin();
    this.serviceAccountId = key.serviceAccountId();
    this.personId = key.personId();
    this.scopes = key.scopes();
    this.prefix = ApiKeys.shown(secret);
    this.hash = Secrets.hash(secret);
    this.createdBy = createdBy;
    this.replaces = replaces;
    this.createdAt = createdAt;
    this.expiresAt = key.lifetime() == null ? null : createdAt.plus(key.lifetime());
  }

  boolean opens(Instant now) {
    return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
  }

  boolean is(byte[] otherHash) {
    return Arrays.equals(hash, otherHash);
  }

  void revoke(Instant now) {
    if (revokedAt == null) revokedAt = now;
  }

  /** At the latest then. */
  void expire(Instant end) {
    if (expiresAt == null || end.isBefore(expiresAt)) expiresAt = end;
  }

  /** Another of the same owner, scopes and lifetime. */
  NewKey successor() {
    Duration lifetime = expiresAt == null ? null : Duration.between(createdAt, expiresAt);
    return new NewKey(departmentId, name, admin, serviceAccountId, personId, scopes, lifetime);
  }

  /** With its owner's columns. */
  ApiKey shown(ApiKey.@Nullable Owner owner) {
    return new ApiKey(
        id,
        departmentId,
        name,
        prefix,
        admin,
        owner,
        scopes,
        createdBy,
        replaces,
        createdAt,
        expiresAt,
        revokedAt,
        lastUsedAt);
  }

  @Nullable String departmentId() {
    return departmentId;
  }

  String name() {
    return name;
  }

  @Nullable String createdBy() {
    return createdBy;
  }
}
