package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.textsOrNull;
import static dev.graft.platform.database.ResultColumns.time;
import static dev.graft.platform.database.ResultColumns.timeOrNull;

import dev.graft.platform.Cursor;
import dev.graft.platform.Ids;
import dev.graft.platform.MachineLacks;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import dev.graft.platform.TransactionLocks;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.stereotype.Repository;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** API keys: {@link Secrets}, shown once, listed by their first characters. */
@Service
public class ApiKeys {
  public static final String PREFIX = "sk-graft-";

  /** The name of a key that nobody has named. */
  public static final String UNNAMED = "unnamed key";

  private static final int SHOWN = PREFIX.length() + 6;

  private final ApiKeyRows rows;
  private final OwnedKeys owned;
  private final ServiceAccounts accounts;
  private final TransactionLocks locks;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  ApiKeys(
      ApiKeyRows rows,
      OwnedKeys owned,
      ServiceAccounts accounts,
      TransactionLocks locks,
      AuditLog audit,
      Ids ids,
      Clock clock) {
    this.rows = rows;
    this.owned = owned;
    this.accounts = accounts;
    this.locks = locks;
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
    return create(departmentId, scope, UNNAMED, null);
  }

  /**
   * A key made on the server, with a service account of its own.
   *
   * @param name of both
   * @param lifetime how long it is valid; null = until revoked
   */
  @Transactional
  public Created create(
      String departmentId, Caller.Scope scope, String name, @Nullable Duration lifetime) {
    KeyRequest.requireName(name);
    boolean admin = scope == Caller.Scope.ADMIN;
    ServiceAccounts.ServiceAccount account =
        accounts.create(departmentId, name, admin ? Role.OWNER : Role.MEMBER);
    return create(new NewKey(departmentId, name, admin, account.id(), null, null, lifetime), null);
  }

  /**
   * An administrator's key, made on the server: it opens the organisation, and no department's
   * things.
   *
   * @param lifetime as for {@link #create(String, Caller.Scope, String, Duration)}
   */
  @Transactional
  public Created createForAdministrator(String name, @Nullable Duration lifetime) {
    return create(NewKey.administrators(KeyRequest.requireName(name), lifetime), null);
  }

  @Transactional
  Created create(NewKey key, @Nullable String createdBy) {
    return create(key, createdBy, null);
  }

  private Created create(NewKey key, @Nullable String createdBy, @Nullable String replaces) {
    String secret = Secrets.next(PREFIX);
    Instant now = clock.instant();
    String id = ids.next("key_");
    rows.insert(id, key, secret, createdBy, replaces, now);
    List<String> scopes = key.scopes() == null ? List.of() : key.scopes();
    Map<String, Object> data = Map.of("name", key.name(), "scopes", scopes);
    audit.write("api_key.created", key.departmentId(), id, Map.of("data", data));
    return new Created(id, key.name(), secret, now);
  }

  /**
   * An administrator's key that somebody else has drawn; it ends the others of that name. False if
   * it was there before, even if it is revoked.
   */
  @Transactional
  boolean keep(String secret, String name) {
    locks.take("administrator's key " + name);
    byte[] hash = Secrets.hash(secret);
    Instant now = clock.instant();
    rows.revokeOthers(name, hash, now);
    if (rows.isKnown(hash)) return false;
    NewKey key = NewKey.administrators(name, null);
    rows.insert(ids.next("key_"), key, secret, null, null, now);
    return true;
  }

  /** From the next request on it opens nothing. */
  @Transactional
  public void revoke(String id) {
    revoke(require(id).key());
  }

  private void revoke(ApiKey key) {
    rows.revoke(key.id(), clock.instant());
    audit.write("api_key.deleted", key.departmentId(), key.id(), Map.of("name", key.name()));
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
    OwnedKeys.Held held = require(id);
    ApiKey old = held.key();
    Instant now = clock.instant();
    if (!old.opens(now)) {
      throw new RequestFailed(
          ProblemType.WRONG_STATE, "This key is revoked or expired; create a new one.", "id");
    }
    if (overlap.isZero()) {
      revoke(old);
    } else {
      rows.expire(id, now.plus(overlap));
      Map<String, Long> asked = Map.of("overlap_seconds", overlap.toSeconds());
      audit.write(
          "api_key.updated",
          old.departmentId(),
          id,
          Map.of("name", old.name(), "changes_requested", asked));
    }
    return create(held.successor(), old.createdBy(), id);
  }

  /**
   * All that are not revoked, newest first.
   *
   * @param departmentId null for those of administrators
   */
  @Transactional(readOnly = true)
  public List<ApiKey> list(@Nullable String departmentId) {
    return owned.page(departmentId, null, null);
  }

  /**
   * A page and one more, newest first.
   *
   * @param departmentId null for those of administrators
   */
  @Transactional(readOnly = true)
  List<ApiKey> list(@Nullable String departmentId, Cursor page) {
    return owned.page(departmentId, page.after(), page.limit() + 1);
  }

  /** One that is not revoked, of this department; null for an administrator's. */
  @Transactional(readOnly = true)
  Optional<ApiKey> find(@Nullable String departmentId, String id) {
    return owned.find(departmentId, id);
  }

  private OwnedKeys.Held require(String id) {
    return owned.findToChange(id).orElseThrow(() -> RequestFailed.notFound("key", id));
  }

  /**
   * The statements that write {@code api_key}, but for when one was last used. Once made, only a
   * key's end comes nearer.
   */
  @Repository
  static class ApiKeyRows {
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

  /** Keys with whose they are; without a department, those of administrators. */
  @Repository
  static class OwnedKeys {
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
    List<ApiKey> page(
        @Nullable String department, @Nullable String after, @Nullable Integer limit) {
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

  /**
   * A key to make.
   *
   * @param departmentId null for an administrator's
   * @param serviceAccountId whose it is; null if it is a person's or an administrator's
   * @param scopes names of {@code Permission}s; null = all that its owner may do
   * @param lifetime how long it is valid; null = until revoked
   */
  record NewKey(
      @Nullable String departmentId,
      String name,
      boolean admin,
      @Nullable String serviceAccountId,
      @Nullable String personId,
      @Nullable List<String> scopes,
      @Nullable Duration lifetime) {

    static NewKey administrators(String name, @Nullable Duration lifetime) {
      return new NewKey(null, name, true, null, null, null, lifetime);
    }

    static NewKey ofAccount(
        ServiceAccounts.ServiceAccount account,
        String name,
        @Nullable List<String> scopes,
        @Nullable Duration life) {
      return new NewKey(account.departmentId(), name, false, account.id(), null, scopes, life);
    }
  }

  /**
   * A key that is asked for.
   *
   * @param scopes what it may do of what its owner may; null = all of it
   * @param expiresInSeconds 1 second to a year; null = until deleted
   */
  record KeyRequest(
      @Nullable String name, @Nullable List<String> scopes, @Nullable Long expiresInSeconds) {
    private static final Pattern NAME = Pattern.compile("[^\\p{Cntrl}]{1,100}");
    private static final long LONGEST = Duration.ofDays(365).toSeconds();

    KeyRequest {
      if (name != null) requireName(name);
      if (scopes != null) Permission.of(scopes);
      if (expiresInSeconds != null && (expiresInSeconds < 1 || expiresInSeconds > LONGEST)) {
        throw RequestFailed.invalid(
            "expires_in_seconds", "expires_in_seconds must be from 1 to " + LONGEST + ".");
      }
    }

    String nameOr(String otherwise) {
      return name == null ? otherwise : name;
    }

    @Nullable Duration lifetime() {
      return expiresInSeconds == null ? null : Duration.ofSeconds(expiresInSeconds);
    }

    /** What the key may do of this. */
    Set<Permission> of(Set<Permission> owners) {
      Set<Permission> permissions = EnumSet.noneOf(Permission.class);
      permissions.addAll(owners);
      if (scopes != null) permissions.retainAll(Permission.of(scopes));
      return permissions;
    }

    /** The name of a key or of an account. */
    static String requireName(@Nullable String name) {
      String given = RequestFailed.required(name, "name");
      if (!NAME.matcher(given).matches()) {
        throw RequestFailed.invalid(
            "name", "A name has 1 to 100 characters, and no control characters.");
      }
      return given;
    }
  }

  /**
   * The administrator's key that the operator has chosen, such as a secret of the cluster: there
   * before the first request. Another value ends the one before; one that an administrator has
   * ended stays ended.
   */
  @Component
  static class AdministratorFromSettings implements SmartInitializingSingleton {
    private static final Logger log = LoggerFactory.getLogger(AdministratorFromSettings.class);
    private static final String NAME = "from settings";

    /** As many as 256 random bits have in hexadecimal or more, less than in base 64. */
    private static final int SHORTEST = ApiKeys.PREFIX.length() + 43;

    private final @Nullable String secret;
    private final ApiKeys keys;

    AdministratorFromSettings(TenancyProperties settings, ApiKeys keys) {
      this.secret = settings.adminKey();
      this.keys = keys;
    }

    @Override
    public void afterSingletonsInstantiated() {
      if (secret == null || secret.isBlank()) return;
      if (!secret.startsWith(ApiKeys.PREFIX) || secret.length() < SHORTEST) {
        throw new MachineLacks(
            "graft.tenancy.admin-key (GRAFT_ADMIN_KEY) must be sk-graft- and 43 random characters or"
                + " more, such as sk-graft-$(openssl rand -hex 32)");
      }
      if (keys.keep(secret, NAME)) log.atInfo().log("administrator_from_settings");
    }
  }
}
