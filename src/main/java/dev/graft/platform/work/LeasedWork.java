package dev.graft.platform.work;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.seconds;
import static dev.graft.platform.database.ResultColumns.time;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * The statements on {@code leased_work}, except those in triggers ({@code V170__leased_work.sql}).
 * Methods that take a claim return whether it was still valid.
 */
@Component
public class LeasedWork {
  /**
   * An expired claim counts as a failure and is delayed like one, because the work may crash
   * servers.
   */
  private static final String FREE =
      """
      w.due_at <= n.now
                          and (w.claimed_until is null
                               or w.claimed_until + make_interval(secs =>
                                    least(:longest, :first * power(2, least(w.attempts, 30)))) <= n.now)\
      """;

  /**
   * Claims the longest due work of the department that has waited longest for a turn. The turn
   * counts even if another transaction is writing the row, so that the row does not block other
   * departments.
   */
  private static final String CLAIM =
      """
      -- claim leased work
      with n as materialized (select graft_now() as now),
           t as (select t.department_id from work_turn t cross join n
                  where t.kind = :kind and t.department_id <> all(:full::text[])
                    and exists (select from leased_work w
                                 where w.kind = t.kind and w.department_id = t.department_id and %1$s)
                  order by t.served_at, t.department_id
                  limit 1 for no key update of t skip locked),
           s as (update work_turn set served_at = n.now from n
                  where kind = :kind and department_id = (select department_id from t)),
           c as (select w.subject from leased_work w cross join n
                  where w.kind = :kind and w.department_id = (select department_id from t) and %1$s
                  order by w.due_at, w.subject
                  limit 1 for no key update of w skip locked)
      update leased_work w
         set claim = gen_random_uuid(), claimed_until = n.now + make_interval(secs => :lease),
             attempts = attempts + case when claim is null then 0 else 1 end
        from n where w.kind = :kind and w.subject = (select subject from c)
      returning w.*
      """
          .formatted(FREE);

  private static final String FENCE =
      " where kind = :kind and subject = :subject and claim = :claim";

  private final JdbcClient sql;
  private final Map<String, WorkSignal> signals = new ConcurrentHashMap<>();

  LeasedWork(JdbcClient sql) {
    this.sql = sql;
  }

  /** Returns the signal that this server's loop of a kind waits for. */
  WorkSignal signal(String kind) {
    return signals.computeIfAbsent(kind, none -> new WorkSignal());
  }

  /**
   * Adds work that is due now, in the transaction that writes its subject. Existing work becomes
   * due now; work in progress is not notified.
   */
  public void add(String kind, String subject, String departmentId) {
    sql.sql("select add_leased_work(:kind, :subject, :department)::text")
        .param("kind", kind)
        .param("subject", subject)
        .param("department", departmentId)
        .query((row, index) -> true)
        .single();
    if (!TransactionSynchronizationManager.isSynchronizationActive()) {
      signal(kind).send();
      return;
    }
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            signal(kind).send();
          }
        });
  }

  /**
   * @param lease how long the claim is valid, unless it is renewed
   * @param retries the delay after an expired claim
   * @param full departments that have reached their share of this server and get no turn
   */
  public Optional<WorkClaim> claim(
      String kind, Duration lease, WorkSettings.Backoff retries, Collection<String> full) {
    return sql.sql(CLAIM)
        .param("kind", kind)
        .param("lease", seconds(lease))
        .param("first", seconds(retries.first()))
        .param("longest", seconds(retries.longest()))
        .param("full", full.toArray(String[]::new))
        .query(LeasedWork::claimed)
        .optional();
  }

  private static WorkClaim claimed(ResultSet row, int index) throws SQLException {
    return new WorkClaim(
        row.getString("kind"),
        row.getString("subject"),
        row.getString("department_id"),
        row.getObject("claim", UUID.class),
        time(row, "due_at"),
        row.getInt("attempts"));
  }

  /** Extends the claim. */
  public boolean renew(WorkClaim claim, Duration lease) {
    String longer =
        "update leased_work set claimed_until = graft_now() + make_interval(secs => :lease)";
    return held(claim, sql.sql(longer + FENCE).param("lease", seconds(lease)));
  }

  /** Locks the claim until the transaction ends. */
  public boolean hold(WorkClaim claim) {
    String lock = "select true from leased_work" + FENCE + " for no key update";
    return named(claim, sql.sql(lock)).query(Boolean.class).optional().isPresent();
  }

  /** Locks the claim like {@link #hold} and resets the count of failures. */
  public boolean progressed(WorkClaim claim) {
    boolean held = held(claim, sql.sql("update leased_work set attempts = 0" + FENCE));
    if (held) claim.attempts = 0;
    return held;
  }

  /** Gives the claim back, unchanged, for other servers. */
  public boolean release(WorkClaim claim) {
    return ends(claim, sql.sql(given("due_at = due_at")));
  }

  /** Gives the claim back and delays the work; this does not count as a failure. */
  public boolean later(WorkClaim claim, Duration after) {
    return ends(
        claim,
        sql.sql(given("due_at = graft_now() + make_interval(secs => :after)"))
            .param("after", seconds(after)));
  }

  /** Like {@link #later} with a time; a time in the past means now. */
  public boolean until(WorkClaim claim, Instant due) {
    return ends(
        claim, sql.sql(given("due_at = greatest(graft_now(), :due)")).param("due", parameter(due)));
  }

  boolean failed(WorkClaim claim, Duration after) {
    return ends(
        claim,
        sql.sql(
                given(
                    "attempts = attempts + 1, due_at = graft_now() + make_interval(secs =>"
                        + " :after)"))
            .param("after", seconds(after)));
  }

  private static String given(String back) {
    return "update leased_work set claim = null, claimed_until = null, " + back + FENCE;
  }

  /** Deletes the work, because it is complete. */
  public boolean done(WorkClaim claim) {
    return ends(claim, sql.sql("delete from leased_work" + FENCE));
  }

  /**
   * Deletes the work and makes a change that belongs to it, in one transaction.
   *
   * @return whether both happened
   */
  @Transactional
  public boolean done(WorkClaim claim, BooleanSupplier change) {
    return done(claim) && change.getAsBoolean();
  }

  /**
   * Deletes work, even if a server is working on it. Must be called before the subject's rows are
   * changed, because writers of results lock in this order too.
   */
  public void drop(String kind, String subject, String departmentId) {
    sql.sql(
            """
            delete from leased_work where kind = :kind and subject = :subject and department_id = :department
            """)
        .param("kind", kind)
        .param("subject", subject)
        .param("department", departmentId)
        .update();
  }

  private static boolean ends(WorkClaim claim, JdbcClient.StatementSpec statement) {
    boolean held = held(claim, statement);
    if (held) claim.ended = true;
    return held;
  }

  private static boolean held(WorkClaim claim, JdbcClient.StatementSpec statement) {
    return named(claim, statement).update() == 1;
  }

  private static JdbcClient.StatementSpec named(
      WorkClaim claim, JdbcClient.StatementSpec statement) {
    return statement
        .param("kind", claim.kind)
        .param("subject", claim.subject())
        .param("claim", claim.token);
  }

  /** Wakes a loop before its next poll; several signals wake it once. */
  static final class WorkSignal {
    private final Semaphore news = new Semaphore(0);

    void send() {
      news.release();
    }

    void await(Duration longest) throws InterruptedException {
      var _ = news.tryAcquire(longest.toNanos(), TimeUnit.NANOSECONDS);
      news.drainPermits();
    }
  }
}
