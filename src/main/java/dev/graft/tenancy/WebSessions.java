package dev.graft.tenancy;

import static dev.graft.platform.database.ResultColumns.parameter;

import dev.graft.platform.Ids;
import dev.graft.platform.Secrets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * Sessions of browsers that have signed in. A session has a bearer token with the permissions of
 * the key that opened it, and is valid only while that key is. As for keys, only the hash is
 * stored.
 */
@Service
public class WebSessions {
  static final String PREFIX = "ses-graft-";

  /** A working day; after that, the user signs in with the key again. */
  public static final Duration LIFETIME = Duration.ofHours(12);

  private static final String OPEN =
      """
      insert into web_session (id, hash, key_id, created_at, expires_at)
      values (:id, :hash, :key, :now, :end)
      """;

  private static final String CLOSE =
      """
      delete from web_session s using api_key k
       where s.hash = :hash and k.id = s.key_id
      returning s.id, k.department_id
      """;

  private static final String SWEEP = "delete from web_session where expires_at <= :now";

  private record Closed(String id, String departmentId) {}

  private final JdbcClient sql;
  private final KeyAuthenticator keys;
  private final AuditLog audit;
  private final Ids ids;
  private final Clock clock;

  WebSessions(JdbcClient sql, KeyAuthenticator keys, AuditLog audit, Ids ids, Clock clock) {
    this.sql = sql;
    this.keys = keys;
    this.audit = audit;
    this.ids = ids;
    this.clock = clock;
  }

  /** Opens a session and returns its token, which is not stored; empty if the key is invalid. */
  @Transactional
  public Optional<String> open(String key) {
    if (!key.startsWith(ApiKeys.PREFIX)) return Optional.empty();
    return keys.authenticate(key).map(bearer -> open((Identity) bearer.principal()));
  }

  private String open(Identity identity) {
    Instant now = clock.instant();
    String token = Secrets.next(PREFIX);
    String id = ids.next("session_");
    sql.sql(SWEEP).param("now", parameter(now)).update();
    sql.sql(OPEN)
        .param("id", id)
        .param("hash", Secrets.hash(token))
        .param("key", identity.actor().keyId())
        .param("now", parameter(now))
        .param("end", parameter(now.plus(LIFETIME)))
        .update();
    String department = identity instanceof Caller caller ? caller.departmentId() : null;
    audit.write("login.succeeded", identity.actor(), department, id, Map.of());
    return token;
  }

  /** Closes the session, if there is one. */
  @Transactional
  public void close(String token) {
    sql.sql(CLOSE)
        .param("hash", Secrets.hash(token))
        .query((row, n) -> new Closed(row.getString("id"), row.getString("department_id")))
        .optional()
        .ifPresent(
            ended -> audit.write("logout.succeeded", ended.departmentId(), ended.id(), Map.of()));
  }
}
