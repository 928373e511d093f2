package dev.graft.tenancy;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What may be shown of a key: never the key.
 *
 * @param departmentId null for an administrator's
 * @param prefix its first characters
 * @param admin opens the organisation
 * @param owner the account whose key it is; null for an administrator's without one
 * @param scopes names of {@code Permission}s; null = all that its owner may do
 * @param createdBy the account that asked for it; null = a command on the server
 * @param replaces id of the key whose successor it is; null = of none
 */
public record ApiKey(
    String id,
    @Nullable String departmentId,
    String name,
    String prefix,
    boolean admin,
    @Nullable Owner owner,
    @Nullable List<String> scopes,
    @Nullable String createdBy,
    @Nullable String replaces,
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt,
    @Nullable Instant lastUsedAt) {

  /**
   * @param email of a person; null for a service account
   */
  public record Owner(String id, String name, @Nullable String email, Role role, Instant since) {}

  boolean opens(Instant now) {
    return revokedAt == null && (expiresAt == null || now.isBefore(expiresAt));
  }
}
