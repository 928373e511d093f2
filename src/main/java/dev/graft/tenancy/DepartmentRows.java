package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.platform.Cursor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** The statements on {@code department}, but for {@link LimitRows} and what the queue counts. */
@Repository
class DepartmentRows {
  private static final String READ = "select id, name, created_at, archived_at from department d";

  private final JdbcClient sql;

  DepartmentRows(JdbcClient sql) {
    this.sql = sql;
  }

  Optional<Department> read(String id) {
    return sql.sql(READ + " where id = :id")
        .param("id", id)
        .query(DepartmentRows::department)
        .optional();
  }

  Optional<String> findIdByName(String name) {
    return sql.sql("select id from department where lower(name) = lower(:name)")
        .param("name", name)
        .query(String.class)
        .optional();
  }

  /** Newest first, one more than the page has; an unknown cursor gives nothing. */
  List<Department> page(boolean archivedToo, Cursor page) {
    return sql.sql(
            READ
                + """
                 where (:archived_too or archived_at is null)
                   and (:after::text is null
                        or (created_at, id) < (select a.created_at, a.id from department a
                                                where a.id = :after))
                 order by created_at desc, id desc limit :limit
                """)
        .param("archived_too", archivedToo)
        .param("after", page.after())
        .param("limit", page.limit() + 1)
        .query(DepartmentRows::department)
        .list();
  }

  private static Department department(ResultSet row, int number) throws SQLException {
    return new Department(
        row.getString("id"),
        row.getString("name"),
        time(row, "created_at"),
        timeOrNull(row, "archived_at"));
  }

  /** With the limits that are the table's own; {@link LimitRows} says others. */
  void insert(String id, String name) {
    sql.sql(
            """
            insert into department (id, name, slug, created_at) values (:id, :name, :slug, graft_now())
            """)
        .param("id", id)
        .param("name", name)
        .param("slug", slug(name))
        .update();
  }

  /** What stands for a name where only a-z, 0-9 and - may: in the names of models. */
  private static String slug(String name) {
    String slug =
        name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    return slug.isEmpty() ? "department" : slug;
  }

  /** False if it is archived. */
  boolean rename(String id, String name) {
    return sql.sql("update department set name = :name where id = :id and archived_at is null")
            .param("id", id)
            .param("name", name)
            .update()
        == 1;
  }

  /** For good; false if it is archived already. */
  boolean archive(String id, Instant now) {
    return sql.sql(
                "update department set archived_at = :now where id = :id and archived_at is null")
            .param("id", id)
            .param("now", parameter(now))
            .update()
        == 1;
  }
}
