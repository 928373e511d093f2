package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.textsOrNull;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/** Keys with whose they are; without a department, those of administrators. */
@Repository
class OwnedKeys {
  private static final String READ =
      """
      select k.*, coalesce(s.id, p.id) as owner, coalesce(s.name, p.name, p.email) as owner_name,
             p.email as owner_email, coalesce(s.role, m.role, 'none') as owner_role,
             coalesce(s.created_at, m.added_at, p.created_at) as owner_since
        from api_key k
        left join service_account s on s.id = k.service_account_id
        left join person p on p.id = k.person_id
        left join department_member m
          on m.person_id = k.person_id and m.department_id = k.department_id
      """;

  private static final String LISTED =
      READ
          + """
           where k.department_id is not distinct from :department::text and k.revoked_at is null
          """;

  private final JdbcClient sql;

  OwnedKeys(JdbcClient sql) {
    this.sql = sql;
  }

  /** One that is not revoked. */
  Optional<ApiKey> find(@Nullable String department, String id) {
    return sql.sql(LISTED + " and k.id = :id")
        .param("department", department)
        .param("id", id)
        .query(OwnedKeys::key)
        .optional();
  }

  /**
   * Those that are not revoked, newest first; an unknown cursor gives nothing.
   *
   * @param limit null = all
   */
  List<ApiKey> page(@Nullable String department, @Nullable String after, @Nullable Integer limit) {
    return sql.sql(
            LISTED
                + """
                 and (:after::text is null
                      or (k.created_at, k.id) <
                         (select a.created_at, a.id from api_key a
                           where a.id = :after
                             and a.department_id is not distinct from :department::text))
                 order by k.created_at desc, k.id desc limit :limit
                """)
        .param("department", department)
        .param("after", after)
        .param("limit", limit)
        .query(OwnedKeys::key)
        .list();
  }

  /** A key, revoked or not, and another of the same owner, scopes and lifetime. */
  record Held(ApiKey key, NewKey successor) {}

  /** Nobody else ends it before this transaction does. */
  Optional<Held> findToChange(String id) {
    return sql.sql(READ + " where k.id = :id for no key update of k")
        .param("id", id)
        .query((row, n) -> new Held(key(row, n), successor(row)))
        .optional();
  }

  private static ApiKey key(ResultSet row, int number) throws SQLException {
    return new ApiKey(
        row.getString("id"),
        row.getString("department_id"),
        row.getString("name"),
        row.getString("prefix"),
        row.getBoolean("admin"),
        owner(row),
        textsOrNull(row, "scopes"),
        row.getString("created_by"),
        row.getString("replaces"),
        time(row, "created_at"),
        timeOrNull(row, "expires_at"),
        timeOrNull(row, "revoked_at"),
        timeOrNull(row, "last_used_at"));
  }

  private static ApiKey.@Nullable Owner owner(ResultSet row) throws SQLException {
    String id = row.getString("owner");
    return id == null
        ? null
        : new ApiKey.Owner(
            id,
            row.getString("owner_name"),
            row.getString("owner_email"),
            Role.of(row.getString("owner_role")),
            time(row, "owner_since"));
  }

  private static NewKey successor(ResultSet row) throws SQLException {
    Instant end = timeOrNull(row, "expires_at");
    return new NewKey(
        row.getString("department_id"),
        row.getString("name"),
        row.getBoolean("admin"),
        row.getString("service_account_id"),
        row.getString("person_id"),
        textsOrNull(row, "scopes"),
        end == null ? null : Duration.between(time(row, "created_at"), end));
  }
}
