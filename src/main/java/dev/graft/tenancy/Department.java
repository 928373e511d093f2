package dev.graft.tenancy;

import dev.graft.platform.database.ResultColumns;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A department: an OpenAI project. */
public record Department(String id, String name, Instant createdAt, @Nullable Instant archivedAt) {
  static Department of(ResultSet row, int number) throws SQLException {
    return new Department(
        row.getString("id"),
        row.getString("name"),
        ResultColumns.time(row, "created_at"),
        ResultColumns.timeOrNull(row, "archived_at"));
  }

  /** What stands for a name where only a-z, 0-9 and - may: in the names of models. */
  static String slug(String name) {
    String slug =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return slug.isEmpty() ? "department" : slug;
  }
}
