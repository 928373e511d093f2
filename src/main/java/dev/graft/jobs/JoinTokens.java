package dev.graft.jobs;

import dev.graft.platform.Ids;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.Secrets;
import dev.graft.tenancy.AuditLog;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.data.domain.Limit;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/**
 * The tokens with which workers join. Each lets one worker join once, into one class, until it
 * expires or is revoked.
 */
@Service
public class JoinTokens {
  private static final Pattern CLASS = Pattern.compile("[a-z0-9][a-z0-9._-]{0,62}");
  private static final Duration LONGEST = Duration.ofDays(30);

  private final WorkerJoinTokens tokens;
  private final AuditLog audit;
  private final Ids ids;
  private final JdbcClient sql;

  JoinTokens(WorkerJoinTokens tokens, AuditLog audit, Ids ids, JdbcClient sql) {
    this.tokens = tokens;
    this.audit = audit;
    this.ids = ids;
    this.sql = sql;
  }

  /**
   * @param secret the token itself, which is not stored
   */
  public record Created(String id, String secret) {}

  /**
   * A token as lists show it, without its secret.
   *
   * @param status {@code valid}, {@code used}, {@code expired} or {@code revoked}
   * @param workerId the worker that joined with it
   */
  public record JoinToken(
      String id,
      String prefix,
      String workerClass,
      String status,
      @Nullable String createdBy,
      @Nullable String workerId,
      Instant createdAt,
      Instant expiresAt) {}

  /**
   * @param validFor 1 second to 30 days
   * @param by the account that creates it; null = a command on the server
   */
  @Transactional
  public Created create(String workerClass, Duration validFor, @Nullable String by) {
    if (!CLASS.matcher(workerClass).matches()) {
      throw RequestFailed.invalid(
          "worker_class",
          "A class has 1 to 63 characters of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit.");
    }
    if (validFor.toSeconds() < 1 || validFor.compareTo(LONGEST) > 0) {
      throw RequestFailed.invalid(
          "expires_in_seconds", "A token is valid for 1 second to 30 days.");
    }
    String id = ids.next("wjt_");
    String secret = Secrets.next(WorkerJoinToken.PREFIX);
    tokens.save(new WorkerJoinToken(id, secret, workerClass, by, now(), validFor));
    audit.write("worker_token.created", null, id, Map.of("worker_class", workerClass));
    return new Created(id, secret);
  }

  @Transactional(readOnly = true)
  public Optional<JoinToken> find(String id) {
    return tokens.find(id, now());
  }

  /**
   * Returns a page, the newest token first.
   *
   * @param after id of the last token of the page before; null = the first page
   */
  @Transactional(readOnly = true)
  public List<JoinToken> list(@Nullable String after, int limit) {
    return tokens.newest(after, now(), Limit.of(limit));
  }

  /** Returns false if the token is used or revoked already. A used one: revoke its worker. */
  @Transactional
  public boolean revoke(String id) {
    if (tokens.revoke(id, now()) == 0) return false;
    audit.write("worker_token.deleted", null, id, Map.of());
    return true;
  }

  /** The database's time, by which joins are judged; that of a command's machine may differ. */
  private Instant now() {
    return sql.sql("select graft_now()").query(OffsetDateTime.class).single().toInstant();
  }
}
