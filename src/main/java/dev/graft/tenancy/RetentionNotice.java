package dev.graft.tenancy;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;

/**
 * What will be removed.
 *
 * @param resourceId of a file, an adapter, an evaluation, or the job whose checkpoints or logs they
 *     are
 * @param deleteAt not before then
 */
record RetentionNotice(
    String id,
    String departmentId,
    RetentionKind kind,
    String resourceId,
    String name,
    Instant noticedAt,
    Instant deleteAt) {
  static RetentionNotice of(ResultSet row, int number) throws SQLException {
    return new RetentionNotice(
        row.getString("id"),
        row.getString("department_id"),
        RetentionKind.of(row.getString("kind")),
        row.getString("resource_id"),
        row.getString("name"),
        ResultColumns.time(row, "noticed_at"),
        ResultColumns.time(row, "delete_at"));
  }
}
