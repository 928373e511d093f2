package dev.graft.tenancy;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A row of the audit log.
 *
 * @param departmentId null = done in the organisation
 * @param actor all null = a command on the server, or the server itself
 * @param details JSON
 * @param denials how often it was denied in all; null = this is no denial, or one of an earlier
 *     release
 * @param deniedLastAt when it was denied last
 */
record AuditEntry(
    String id,
    Instant effectiveAt,
    String type,
    @Nullable String departmentId,
    @Nullable String departmentName,
    Actor actor,
    @Nullable String keyName,
    @Nullable String serviceAccountName,
    @Nullable String ipAddress,
    @Nullable String requestId,
    @Nullable String resourceId,
    String details,
    @Nullable Long denials,
    @Nullable Instant deniedLastAt) {
  static AuditEntry of(ResultSet row, int number) throws SQLException {
    return new AuditEntry(
        row.getString("id"),
        ResultColumns.time(row, "effective_at"),
        row.getString("type"),
        row.getString("department_id"),
        row.getString("department_name"),
        new Actor(
            row.getString("key_id"),
            row.getString("person_id"),
            row.getString("email"),
            row.getString("service_account_id")),
        row.getString("key_name"),
        row.getString("service_account_name"),
        row.getString("ip_address"),
        row.getString("request_id"),
        row.getString("resource_id"),
        row.getString("details"),
        row.getObject("denials", Long.class),
        ResultColumns.timeOrNull(row, "denied_last_at"));
  }
}
