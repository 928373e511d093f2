package dev.graft.jobs;

import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import dev.graft.platform.database.ResultColumns;
import dev.graft.tenancy.AuditLog;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * The tokens with which workers join: each lets one worker in, once, into one class, until it
 * expires or is taken back.
 */
@Service
public class JoinTokens {
  private static final String PREFIX = "graft-join-";
  private static final int SHOWN = PREFIX.length() + 6;
  private static final Pattern CLASS = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
  private static final Duration LONGEST = Duration.ofDays(30);

  private static final String CREATE =
      """
      -- join token
      insert into worker_join_token (id, token_hash, prefix, class, created_by, created_at, expires_at)
      values (:id, :hash, :prefix, :class, :by, graft_now(), graft_now() + :valid * interval '1 second')
      """;

  private static final String SELECT =
      """
      select id, prefix, class, created_by, created_at, expires_at, used_at, revoked_at, worker_id,
             case when used_at is not null then 'used' when revoked_at is not null then 'revoked'
                  when expires_at <= graft_now() then 'expired' else 'valid' end as status
        from worker_join_token
      """;

  /** An unknown cursor gives nothing. */
  private static final String LIST =
      SELECT
          + """
           where :after::text is null
              or id < (select id from worker_join_token where id = :after)
           order by id desc limit :limit
          """;

  private static final String REVOKE =
      """
      update worker_join_token set revoked_at = graft_now()
       where id = :id and used_at is null and revoked_at is null
      """;

  private final JdbcClient sql;
  private final AuditLog audit;
  private final Ids ids;

  JoinTokens(JdbcClient sql, AuditLog audit, Ids ids) {
    this.sql = sql;
    this.audit = audit;
    this.ids = ids;
  }

  /** {@code secret} exists only here. */
  public record Created(String id, String secret) {}

  /**
   * What may be shown of a token: never the token.
   *
   * @param status {@code valid}, {@code used}, {@code expired} or {@code revoked}
   * @param workerId who joined with it
   */
  public record JoinToken(
      String id,
      String prefix,
      String workerClass,
      String status,
      @Nullable String createdBy,
      @Nullable String workerId,
      Instant createdAt,
      Instant expiresAt) {
    static JoinToken of(ResultSet row, int number) throws SQLException {
      return new JoinToken(
          row.getString("id"),
          row.getString("prefix"),
          row.getString("class"),
          row.getString("status"),
          row.getString("created_by"),
          row.getString("worker_id"),
          ResultColumns.time(row, "created_at"),
          ResultColumns.time(row, "expires_at"));
    }
  }

  /**
   * @param validFor 1 second to 30 days
   * @param by the account that asks for it; null = a command on the server
   */
  @Transactional
  public Created create(String workerClass, Duration validFor, @Nullable String by) {
    if (!CLASS.matcher(workerClass).matches()) {
      throw RequestFailed.invalid(
          "worker_class", "A class has 1 to 63 of a-z, 0-9, '.', '_' and '-'.");
    }
    if (validFor.toSeconds() < 1 || validFor.compareTo(LONGEST) > 0) {
      throw RequestFailed.invalid(
          "expires_in_seconds", "A token is valid for 1 second to 30 days.");
    }
    String secret = Secrets.next(PREFIX);
    String id = ids.next("wjt_");
    sql.sql(CREATE)
        .param("id", id)
        .param("hash", Secrets.hash(secret))
        .param("prefix", secret.substring(0, SHOWN))
        .param("class", workerClass)
        .param("by", by)
        .param("valid", validFor.toSeconds())
        .update();
    audit.write("worker_token.created", null, id, Map.of("worker_class", workerClass));
    return new Created(id, secret);
  }

  @Transactional(readOnly = true)
  public Optional<JoinToken> find(String id) {
    return sql.sql(SELECT + " where id = :id").param("id", id).query(JoinToken::of).optional();
  }

  /**
   * A page, newest first.
   *
   * @param after id of the last one of the page before; null = the first page
   */
  @Transactional(readOnly = true)
  public List<JoinToken> list(@Nullable String after, int limit) {
    return sql.sql(LIST).param("after", after).param("limit", limit).query(JoinToken::of).list();
  }

  /** Nobody joins with it any more. One that was used is not taken back: revoke its worker. */
  @Transactional
  public boolean revoke(String id) {
    if (sql.sql(REVOKE).param("id", id).update() == 0) return false;
    audit.write("worker_token.deleted", null, id, Map.of());
    return true;
  }
}
