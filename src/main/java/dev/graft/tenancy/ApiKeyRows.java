package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;

import dev.graft.platform.Secrets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Repository;

/**
 * The statements that write {@code api_key}, but for when one was last used. Once made, only a
 * key's end comes nearer.
 */
@Repository
class ApiKeyRows {
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
