package dev.graft.tenancy.keys;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Role;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;

/** A program that works for a department; keys are its. */
record ServiceAccount(String id, String departmentId, String name, Role role, Instant createdAt) {
  static ServiceAccount of(ResultSet row, int number) throws SQLException {
    return new ServiceAccount(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        Role.of(row.getString("role")),
        ResultColumns.time(row, "created_at"));
  }
}
