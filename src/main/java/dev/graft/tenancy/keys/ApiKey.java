package dev.graft.tenancy.keys;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Role;
import java.sql.ResultSet;
import java.sql.SQLException;
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
    Instant createdAt,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt,
    @Nullable Instant lastUsedAt) {

  /**
   * @param email of a person; null for a service account
   */
  public record Owner(String id, String name, @Nullable String email, Role role, Instant since) {}

  /** Expects the columns of {@link ApiKeys#SELECT}. */
  static ApiKey of(ResultSet row, int number) throws SQLException {
    return new ApiKey(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        row.getString("prefix"),
        row.getBoolean("admin"),
        owner(row),
        ResultColumns.textsOrNull(row, "scopes"),
        row.getString("created_by"),
        ResultColumns.time(row, "created_at"),
        ResultColumns.timeOrNull(row, "expires_at"),
        ResultColumns.timeOrNull(row, "revoked_at"),
        ResultColumns.timeOrNull(row, "last_used_at"));
  }

  private static @Nullable Owner owner(ResultSet row) throws SQLException {
    String id = row.getString("owner_id");
    return id == null
        ? null
        : new Owner(
            id,
            row.getString("owner_name"),
            row.getString("owner_email"),
            Role.of(row.getString("owner_role")),
            ResultColumns.time(row, "owner_since"));
  }
}
