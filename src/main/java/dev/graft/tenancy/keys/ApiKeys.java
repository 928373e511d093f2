package dev.graft.tenancy.keys;

import dev.graft.platform.Ids;
import dev.graft.platform.errors.ProblemType;
import dev.graft.platform.errors.RequestFailed;
import dev.graft.platform.security.Secrets;
import dev.graft.tenancy.AuditLog;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Role;
import java.sql.Timestamp;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** API keys: {@link Secrets}, shown once, listed by their first characters. */
@Service
public class ApiKeys {
  public static final String PREFIX = "sk-graft-";
  private static final int SHOWN = PREFIX.length() + 6;

  static final String SELECT =
      """
      select k.*, coalesce(s.id, p.id) as owner_id,
             coalesce(s.name, p.name, p.email) as owner_name, p.email as owner_email,
             coalesce(s.role, m.role, 'none') as owner_role,
             coalesce(s.created_at, m.added_at, p.created_at) as owner_since
        from api_key k
        left join service_account s on s.id = k.service_account_id
        left join person p on p.id = k.person_id
        left join department_member m
          on m.person_id = k.person_id and m.department_id = k.department_id
      """;

  private static final String INSERT =
      """
      insert into api_key (id, department_id, name, admin, service_account_id, person_id, scopes,
                           prefix, hash, created_by, created_at, expires_at)
      values (:id, :department, :name, :admin, :service_account, :person, :scopes,
              :prefix, :hash, :created_by, :now, :expires_at)
      """;

  private static final String LIST =
      SELECT
          + """
           where k.department_id is not distinct from :department and k.revoked_at is null
             and (:after::text is null
                  or (k.created_at, k.id) < (select created_at, id from api_key
                                              where id = :after
                                                and department_id is not distinct from :department))
           order by k.created_at desc, k.id desc
           limit :limit
          """;

  private static final String REVOKE =
      "update api_key set revoked_at = :now where id = :id and revoked_at is null";

  private static final String EXPIRE =
      "update api_key set expires_at = least(expires_at, :end) where id = :id";

  private final JdbcClient sql;
  private final ServiceAccounts accounts;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ApiKeys(JdbcClient sql, ServiceAccounts accounts, AuditLog audit, Ids ids, Clock clock) {
    this.sql = sql;
    this.accounts = accounts;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** How a list shows a key. */
  static String shown(String secret) {
    return secret.substring(0, SHOWN);
  }

  /** A new key; {@code secret} exists only here. */
  public record Created(String id, String name, String secret, Instant createdAt) {}

  /** A key that never expires, made on the server. */
  @Transactional
  public Created create(String departmentId, Caller.Scope scope) {
    return create(departmentId, scope, null);
  }

  /**
   * A key made on the server, with a service account of its own.
   *
   * @param lifetime how long it is valid; null = until revoked
   */
  @Transactional
  public Created create(String departmentId, Caller.Scope scope, @Nullable Duration lifetime) {
    boolean admin = scope == Caller.Scope.ADMIN;
    String name = "key create";
    ServiceAccount account = accounts.create(departmentId, name, admin ? Role.OWNER : Role.MEMBER);
    return create(new NewKey(departmentId, name, admin, account.id(), null, null, lifetime), null);
  }

  /**
   * An administrator's key, made on the server: it opens the organisation, and no department's
   * things.
   */
  @Transactional
  public Created createForAdministrator(@Nullable Duration lifetime) {
    return create(NewKey.administrators("key create", lifetime), null);
  }

  @Transactional
  Created create(NewKey key, @Nullable String createdBy) {
    String secret = Secrets.next(PREFIX);
    Instant now = clock.instant();
    String id = ids.next("key_");
    Duration life = key.lifetime();
    sql.sql(INSERT)
        .param("id", id)
        .param("department", key.departmentId())
        .param("name", key.name())
        .param("admin", key.admin())
        .param("service_account", key.serviceAccountId())
        .param("person", key.personId())
        .param("scopes", key.scopes() == null ? null : key.scopes().toArray(String[]::new))
        .param("prefix", shown(secret))
        .param("hash", Secrets.hash(secret))
        .param("created_by", createdBy)
        .param("now", Timestamp.from(now))
        .param("expires_at", life == null ? null : Timestamp.from(now.plus(life)))
        .update();
    List<String> scopes = key.scopes() == null ? List.of() : key.scopes();
    audit.write(
        "api_key.created", key.departmentId(), id, Map.of("data", Map.of("scopes", scopes)));
    return new Created(id, key.name(), secret, now);
  }

  /** From the next request on it opens nothing. */
  @Transactional
  public void revoke(String id) {
    ApiKey key = require(id);
    sql.sql(REVOKE).param("id", id).param("now", Timestamp.from(clock.instant())).update();
    audit.write("api_key.deleted", key.departmentId(), id, Map.of());
  }

  /** As {@link #rotate(String, Duration)}, at once. */
  @Transactional
  public Created rotate(String id) {
    return rotate(id, Duration.ZERO);
  }

  /**
   * Another key of the same owner, scopes and lifetime.
   *
   * @param overlap how long the old one stays valid beside it
   */
  @Transactional
  public Created rotate(String id, Duration overlap) {
    ApiKey old = require(id);
    Instant now = clock.instant();
    Instant end = old.expiresAt();
    if (old.revokedAt() != null || end != null && !now.isBefore(end)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "This key is revoked or expired; create a new one.", "id");
    }
    if (overlap.isZero()) {
      revoke(id);
    } else {
      sql.sql(EXPIRE).param("id", id).param("end", Timestamp.from(now.plus(overlap))).update();
      Map<String, Long> asked = Map.of("overlap_seconds", overlap.toSeconds());
      audit.write("api_key.updated", old.departmentId(), id, Map.of("changes_requested", asked));
    }
    return create(successor(old), old.createdBy());
  }

  private static NewKey successor(ApiKey old) {
    ApiKey.Owner owner = old.owner();
    boolean person = owner != null && owner.email() != null;
    return new NewKey(
        old.departmentId(),
        old.name(),
        old.admin(),
        owner == null || person ? null : owner.id(),
        owner != null && person ? owner.id() : null,
        old.scopes(),
        old.expiresAt() == null ? null : Duration.between(old.createdAt(), old.expiresAt()));
  }

  /** All of a department that are not revoked, newest first. */
  @Transactional(readOnly = true)
  public List<ApiKey> list(String departmentId) {
    return list(departmentId, null, Integer.MAX_VALUE);
  }

  /**
   * A page, newest first.
   *
   * @param departmentId null for those of administrators
   */
  @Transactional(readOnly = true)
  List<ApiKey> list(@Nullable String departmentId, @Nullable String after, int limit) {
    return sql.sql(LIST)
        .param("department", departmentId)
        .param("after", after)
        .param("limit", limit)
        .query(ApiKey::of)
        .list();
  }

  /** One that is not revoked, of this department; null for an administrator's. */
  @Transactional(readOnly = true)
  Optional<ApiKey> find(@Nullable String departmentId, String id) {
    return sql.sql(
            SELECT
                + " where k.id = :id and k.department_id is not distinct from :department"
                + " and k.revoked_at is null")
        .param("id", id)
        .param("department", departmentId)
        .query(ApiKey::of)
        .optional();
  }

  private ApiKey require(String id) {
    return sql.sql(SELECT + " where k.id = :id")
        .param("id", id)
        .query(ApiKey::of)
        .optional()
        .orElseThrow(() -> RequestFailed.notFound("key", id));
  }
}
