package dev.graft.tenancy.projects;

import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.Role;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A person's place in a department. */
record Member(String personId, String email, @Nullable String name, Role role, Instant addedAt) {
  static Member of(ResultSet row, int number) throws SQLException {
    return new Member(
        row.getString("id"),
        row.getString("email"),
        row.getString("name"),
        Role.of(row.getString("role")),
        ResultColumns.time(row, "added_at"));
  }
}
