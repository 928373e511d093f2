package dev.graft.tenancy;

import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import org.hibernate.annotations.DynamicUpdate;
import org.jspecify.annotations.Nullable;

/** A key as it is stored: its SHA-256 and the first characters, never the key. */
@Entity
@DynamicUpdate // noting a use must not write back an older revoked_at
@Table(name = "api_key")
class ApiKeyRow {
  @Id private String id = "";
  private String departmentId = "";

  @Enumerated(EnumType.STRING)
  private Caller.Scope scope = Caller.Scope.USER;

  private String prefix = "";
  private byte[] hash = {};
  private Instant createdAt = Instant.EPOCH;
  private @Nullable Instant expiresAt;
  private @Nullable Instant revokedAt;
  private @Nullable Instant lastUsedAt;

  protected ApiKeyRow() {}

  ApiKeyRow(
      String id,
      String departmentId,
      Caller.Scope scope,
      String prefix,
      byte[] hash,
      Instant createdAt,
      @Nullable Instant expiresAt) {
    this.id = id;
    this.departmentId = departmentId;
    this.scope = scope;
    this.prefix = prefix;
    this.hash = hash.clone();
    this.createdAt = createdAt;
    this.expiresAt = expiresAt;
  }

  boolean validAt(Instant now) {
    return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
  }

  void revoke(Instant now) {
    if (revokedAt == null) revokedAt = now;
  }

  void usedAt(Instant now) {
    lastUsedAt = now;
  }

  String id() {
    return id;
  }

  String departmentId() {
    return departmentId;
  }

  Caller.Scope scope() {
    return scope;
  }

  String prefix() {
    return prefix;
  }

  Instant createdAt() {
    return createdAt;
  }

  @Nullable Instant expiresAt() {
    return expiresAt;
  }

  @Nullable Instant revokedAt() {
    return revokedAt;
  }

  @Nullable Instant lastUsedAt() {
    return lastUsedAt;
  }
}
