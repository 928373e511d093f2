package dev.graft.tenancy;

import dev.graft.platform.BearerAuthenticator;
import dev.graft.platform.Secrets;
import dev.graft.platform.database.ResultColumns;
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
import java.util.stream.Collectors;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Authenticates API keys and browser sessions. The key is read for each request, so that a revoked
 * key, an archived department or a lost role takes effect at once.
 */
@Component
class KeyAuthenticator implements BearerAuthenticator {
  /** {@code last_used_at} is written no more often than this: it is a hint, not a log. */
  private static final Duration USE_RESOLUTION = Duration.ofMinutes(1);

  private static final String FIND =
      """
      select k.id, k.department_id, k.admin, k.scopes, k.service_account_id, k.person_id,
             d.name as department_name, p.email,
             coalesce(s.role, m.role, 'none') as role,
             k.last_used_at is null or k.last_used_at < :stale as stale
        from api_key k
        left join department d on d.id = k.department_id
        left join service_account s on s.id = k.service_account_id
        left join person p on p.id = k.person_id
        left join department_member m
          on m.person_id = k.person_id and m.department_id = k.department_id
       where k.id = (%s) and k.revoked_at is null
         and (k.expires_at is null or k.expires_at > :now)
         and d.archived_at is null and s.deleted_at is null
      """;

  private static final String BY_KEY = FIND.formatted("select id from api_key where hash = :hash");

  private static final String BY_SESSION =
      FIND.formatted("select key_id from web_session where hash = :hash and expires_at > :now");

  private static final String USED = "update api_key set last_used_at = :now where id = :id";

  private record Found(String id, boolean stale, Identity identity) {}

  private final JdbcClient sql;
  private final Clock clock;

  KeyAuthenticator(JdbcClient sql, Clock clock) {
    this.sql = sql;
    this.clock = clock;
  }

  @Override
  public Surface surface() {
    return Surface.API;
  }

  @Override
  @Transactional
  public Optional<Bearer> authenticate(String token) {
    return token.startsWith(ApiKeys.PREFIX)
        ? find(BY_KEY, token)
        : token.startsWith(WebSessions.PREFIX) ? find(BY_SESSION, token) : Optional.empty();
  }

  private Optional<Bearer> find(String statement, String token) {
    Instant now = clock.instant();
    Optional<Found> found =
        sql.sql(statement)
            .param("hash", Secrets.hash(token))
            .param("now", ResultColumns.parameter(now))
            .param("stale", ResultColumns.parameter(now.minus(USE_RESOLUTION)))
            .query(KeyAuthenticator::found)
            .optional();
    found
        .filter(Found::stale)
        .ifPresent(
            key ->
                sql.sql(USED)
                    .param("id", key.id())
                    .param("now", ResultColumns.parameter(now))
                    .update());
    return found.map(key -> bearer(key.identity()));
  }

  private static Found found(ResultSet row, int number) throws SQLException {
    Actor actor =
        new Actor(
            row.getString("id"),
            row.getString("person_id"),
            row.getString("email"),
            row.getString("service_account_id"));
    String department = row.getString("department_id");
    Set<Permission> permissions = permissions(row);
    return new Found(
        row.getString("id"),
        row.getBoolean("stale"),
        department == null
            ? new Identity.Administrator(actor, permissions)
            : new Caller(department, row.getString("department_name"), actor, permissions));
  }

  private static Set<Permission> permissions(ResultSet row) throws SQLException {
    Set<Permission> permissions = EnumSet.noneOf(Permission.class);
    permissions.addAll(Role.of(row.getString("role")).permissions());
    if (row.getBoolean("admin")) permissions.addAll(Permission.OF_ADMINISTRATORS);
    List<String> scopes = ResultColumns.textsOrNull(row, "scopes");
    if (scopes != null) permissions.retainAll(Permission.of(scopes));
    return permissions;
  }

  static Bearer bearer(Identity identity) {
    return new Bearer(
        identity,
        identity.permissions().stream().map(Permission::scope).collect(Collectors.toSet()),
        identity instanceof Caller caller ? Map.of("department", caller.departmentId()) : Map.of());
  }
}
