package dev.graft.tenancy.keys;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.textsOrNull;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.platform.security.Secrets;
import dev.graft.tenancy.Role;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The statements on {@code api_key}, but for when one was last used. Once made, only a key's end
 * comes nearer. Without a department they are those of administrators.
 */
@Repository
class ApiKeyRows {
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

  ApiKeyRows(JdbcClient sql) {
    this.sql = sql;
  }

  /**
   * @param replaces id of the key that this one is the successor of
   */
  void insert(
      String id,
      NewKey key,
      String secret,
      @Nullable String createdBy,
      @Nullable String replaces,
      Instant now) {
    List<String> scopes = key.scopes();
    Duration lifetime = key.lifetime();
    sql.sql(
            """
            insert into api_key (id, department_id, name, admin, service_account_id, person_id,
                                 scopes, prefix, hash, created_by, replaces, created_at, expires_at)
            values (:id, :department, :name, :admin, :service_account, :person, :scopes, :prefix,
                    :hash, :created_by, :replaces, :now, :expires)
            """)
        .param("id", id)
        .param("department", key.departmentId())
        .param("name", key.name())
        .param("admin", key.admin())
        .param("service_account", key.serviceAccountId())
        .param("person", key.personId())
        .param("scopes", scopes == null ? null : scopes.toArray(String[]::new))
        .param("prefix", ApiKeys.shown(secret))
        .param("hash", Secrets.hash(secret))
        .param("created_by", createdBy)
        .param("replaces", replaces)
        .param("now", parameter(now))
        .param("expires", parameter(lifetime == null ? null : now.plus(lifetime)))
        .update();
  }

  /** One that is not revoked. */
  Optional<ApiKey> find(@Nullable String department, String id) {
    return sql.sql(LISTED + " and k.id = :id")
        .param("department", department)
        .param("id", id)
        .query(ApiKeyRows::key)
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
        .query(ApiKeyRows::key)
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

  boolean isKnown(byte[] hash) {
    return sql.sql("select exists (select from api_key where hash = :hash)")
        .param("hash", hash)
        .query(Boolean.class)
        .single();
  }

  void revoke(String id, Instant now) {
    sql.sql("update api_key set revoked_at = coalesce(revoked_at, :now) where id = :id")
        .param("id", id)
        .param("now", parameter(now))
        .update();
  }

  /** Administrators' of this name, but for the one with this hash. */
  void revokeOthers(String name, byte[] hash, Instant now) {
    sql.sql(
            """
            update api_key set revoked_at = :now
             where department_id is null and name = :name and revoked_at is null and hash <> :hash
            """)
        .param("name", name)
        .param("hash", hash)
        .param("now", parameter(now))
        .update();
  }

  /** At the latest then. */
  void expire(String id, Instant end) {
    sql.sql("update api_key set expires_at = least(expires_at, :end) where id = :id")
        .param("id", id)
        .param("end", parameter(end))
        .update();
  }
}
