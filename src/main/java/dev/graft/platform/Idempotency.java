package dev.graft.platform;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.springframework.dao.PessimisticLockingFailureException;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.scheduling.annotation.Scheduled;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;

/**
 * Creates an object once even if a client repeats the request. OpenAI's SDKs retry a POST after a
 * timeout with {@code X-Stainless-Retry-Count} but without an idempotency key; other clients may
 * send an {@code Idempotency-Key}, which is remembered for a day.
 *
 * <p>Identical requests (same caller, route and fingerprint) are serialized by a lock that ends
 * with the transaction that records the result: the second waits and then finds that result.
 */
@Component
public class Idempotency {
  /** Longer than any SDK keeps retrying. */
  private static final Duration WINDOW = Duration.ofMinutes(30);

  private static final Duration WINDOW_OF_KEYS = Duration.ofHours(24);

  private static final String WAIT_AT_MOST = "set local lock_timeout = '20s'";
  private static final String WAIT_AS_BEFORE = "set local lock_timeout = default";

  private static final String FIND =
      """
      select result, body_hash from submission
      where caller = :caller and route = :route and fingerprint = :fingerprint
        and created_at > graft_now() - make_interval(secs => :window)
      """;

  private static final String RECORD =
      """
      insert into submission (caller, route, fingerprint, body_hash, result, created_at)
      values (:caller, :route, :fingerprint, :bodyHash, :result, graft_now())
      on conflict (caller, route, fingerprint) do update
      set body_hash = excluded.body_hash, result = excluded.result, created_at = excluded.created_at
      """;

  private static final String FORGET =
      """
      delete from submission
      where created_at < graft_now() - make_interval(secs => :window)
        and (fingerprint like 'body:%' or created_at < graft_now() - make_interval(secs => :keys))
      """;

  private record Earlier(String result, String bodyHash) {}

  private final TransactionLocks locks;
  private final JdbcClient jdbc;

  Idempotency(TransactionLocks locks, JdbcClient jdbc) {
    this.locks = locks;
    this.jdbc = jdbc;
  }

  /**
   * Runs {@code work} in a transaction, unless the request is a repetition: then returns the id
   * that the earlier request returned.
   *
   * @param work creates the object and returns its id
   * @throws RequestFailed 422 if the idempotency key was used for another body; 409 with a retry
   *     time if the identical request takes too long
   */
  @Transactional
  public String once(IdempotentRequest submission, Supplier<String> work) {
    takeTurn(submission);
    Optional<String> earlier = earlier(submission);
    if (earlier.isPresent()) {
      return earlier.get();
    }
    String result = work.get();
    record(submission, result);
    return result;
  }

  private void takeTurn(IdempotentRequest submission) {
    jdbc.sql(WAIT_AT_MOST).update();
    try {
      String twins =
          IdempotentRequest.hash(submission.caller(), submission.route(), mark(submission));
      locks.take(twins);
    } catch (PessimisticLockingFailureException twinTakesTooLong) {
      throw new RequestFailed(
              ProblemType.IN_PROGRESS,
              "The same request is still in progress; retry to get its result.")
          .retryAfter(Duration.ofSeconds(2));
    }
    jdbc.sql(WAIT_AS_BEFORE).update();
  }

  private Optional<String> earlier(IdempotentRequest submission) {
    if (submission.idempotencyKey() == null && submission.retryCount() == 0) {
      return Optional.empty();
    }
    return jdbc.sql(FIND)
        .param("caller", submission.caller())
        .param("route", submission.route())
        .param("fingerprint", mark(submission))
        .param(
            "window", (submission.idempotencyKey() == null ? WINDOW : WINDOW_OF_KEYS).toSeconds())
        .query((row, n) -> new Earlier(row.getString("result"), row.getString("body_hash")))
        .optional()
        .map(earlier -> sameBody(submission, earlier).result());
  }

  private static Earlier sameBody(IdempotentRequest submission, Earlier earlier) {
    if (!earlier.bodyHash().equals(submission.bodyHash())) {
      throw new RequestFailed(
          ProblemType.IDEMPOTENCY_MISMATCH,
          "This Idempotency-Key was used for a different request.",
          "Idempotency-Key");
    }
    return earlier;
  }

  private void record(IdempotentRequest submission, String result) {
    jdbc.sql(RECORD)
        .param("caller", submission.caller())
        .param("route", submission.route())
        .param("fingerprint", mark(submission))
        .param("bodyHash", submission.bodyHash())
        .param("result", result)
        .update();
  }

  /** Returns the fingerprint: the client's key, else the body's hash. */
  private static String mark(IdempotentRequest submission) {
    String key = submission.idempotencyKey();
    return key == null ? "body:" + submission.bodyHash() : "key:" + key;
  }

  /**
   * Forgets the requests of a caller, or the request that created an object.
   *
   * @param id the id of the caller or object
   */
  public void forget(String id) {
    jdbc.sql("delete from submission where caller = :id or result = :id").param("id", id).update();
  }

  @Scheduled(fixedDelay = 10, initialDelay = 10, timeUnit = TimeUnit.MINUTES)
  @Transactional
  void forget() {
    jdbc.sql(FORGET)
        .param("window", WINDOW.toSeconds())
        .param("keys", WINDOW_OF_KEYS.toSeconds())
        .update();
  }
}
