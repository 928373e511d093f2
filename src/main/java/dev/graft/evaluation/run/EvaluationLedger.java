package dev.graft.evaluation.run;

import dev.graft.evaluation.Evaluation;
import dev.graft.evaluation.samples.AnswerRows;
import dev.graft.evaluation.samples.ChosenQuestions.Chosen;
import dev.graft.evaluation.samples.GradedAnswer;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** The statements of whoever works at an evaluation. Each names its claim, and must find it. */
@Component
public class EvaluationLedger {
  /** The department that has not had its turn for longest, and of its evaluations the oldest. */
  private static final String CLAIM =
      """
      with n as (select graft_now() as now),
           c as (select e.id from evaluation e, n
                  where e.ended_at is null and e.not_before <= n.now
                    and (e.claimed_until is null or e.claimed_until <= n.now)
                  order by (select max(o.served_at) from evaluation o where o.department_id = e.department_id) nulls first,
                           e.id
                  limit 1 for no key update of e skip locked)
      update evaluation e
         set status = 'running', started_at = coalesce(started_at, n.now), served_at = n.now, waits_for = null,
             claims = claims + 1, claimed_until = n.now + make_interval(secs => :lease),
             -- nobody has tried meanwhile: it has not been waiting for an answer
             waiting_since = case when e.not_before > n.now - interval '10 minutes' then e.waiting_since end
        from c, n where e.id = c.id
      returning e.*
      """;

  private static final String FENCE = " where id = :id and claims = :claim and ended_at is null";

  private final JdbcClient sql;
  private final AnswerRows answers;
  private final JsonMapper json;

  EvaluationLedger(JdbcClient sql, AnswerRows answers, JsonMapper json) {
    this.sql = sql;
    this.answers = answers;
    this.json = json;
  }

  /**
   * An evaluation to work at.
   *
   * @param number of the claim, in the life of the evaluation
   * @param fingerprints of everyone; empty until the questions are chosen
   * @param plan as {@code StoredPlans} reads it: what cannot be read must not keep others waiting
   * @param stumbles how often the next question broke its model, one time after the other
   * @param givenUp questions that were given up, one after the other
   */
  public record Claim(
      String id,
      String departmentId,
      long number,
      String plan,
      List<String> fingerprints,
      int stumbles,
      int givenUp) {
    boolean prepared() {
      return !fingerprints.isEmpty();
    }
  }

  /**
   * @param lease how long it holds, unless it is renewed
   */
  @Transactional
  public Optional<Claim> claim(Duration lease) {
    return sql.sql(CLAIM).param("lease", seconds(lease)).query(this::claimed).optional();
  }

  private Claim claimed(ResultSet row, int index) throws SQLException {
    java.sql.Array fingerprints = row.getArray("fingerprints");
    return new Claim(
        row.getString("id"),
        row.getString("department_id"),
        row.getLong("claims"),
        row.getString("plan"),
        fingerprints == null ? List.of() : Arrays.asList((String[]) fingerprints.getArray()),
        row.getInt("stumbles"),
        row.getInt("given_up"));
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1000.0;
  }

  /** Whether the claim still holds; then it holds for longer. */
  @Transactional
  public boolean renew(Claim claim, Duration lease) {
    return held(
        claim,
        sql.sql(
                """
                update evaluation set claimed_until = graft_now() + make_interval(secs => :lease)
                """
                    + FENCE
                    + " and claimed_until is not null")
            .param("lease", seconds(lease)));
  }

  /** Keeps the questions with the evaluation; whether the claim still held. */
  @Transactional
  public boolean prepare(
      Claim claim, List<Chosen> questions, long passedOver, List<String> fingerprints) {
    boolean held =
        held(
            claim,
            sql.sql(
                    """
                    update evaluation set questions = :questions, passed_over = :passed_over, fingerprints = :fingerprints
                    """
                        + FENCE)
                .param("questions", questions.size())
                .param("passed_over", passedOver)
                .param("fingerprints", fingerprints.toArray(String[]::new)));
    for (int i = 0; held && i < questions.size(); i++) {
      answers.insert(claim.id(), i, questions.get(i));
    }
    return held;
  }

  /** Writes an answer down; whether the claim still held. */
  @Transactional
  public boolean answered(Claim claim, GradedAnswer answer) {
    boolean held =
        held(
            claim,
            sql.sql(
                    """
                    update evaluation
                       set answered = answered + 1, stumbles = 0, bugs = 0, waiting_since = null,
                           given_up = case when :given_up then given_up + 1 else 0 end
                    """
                        + FENCE)
                .param("given_up", answer.givenUp()));
    if (held) answers.insert(claim.id(), answer);
    return held;
  }

  /** Gives it back: others have their turn. */
  @Transactional
  public void giveBack(Claim claim) {
    held(claim, sql.sql("update evaluation set claimed_until = null" + FENCE));
  }

  /**
   * Gives it back until later: nobody is there to answer. Whether that has been so for longer than
   * it may.
   */
  @Transactional
  public boolean await(Claim claim, Duration after, String waitsFor, Duration patience) {
    return later(
            "waiting_since = coalesce(waiting_since, graft_now())",
            "graft_now() - waiting_since > make_interval(secs => :patience)",
            claim,
            after,
            waitsFor)
        .param("patience", seconds(patience))
        .query(Boolean.class)
        .optional()
        .orElse(false);
  }

  /** Gives it back until later: a question broke its model. */
  @Transactional
  public void stumble(Claim claim, Duration after, String waitsFor) {
    later("stumbles = stumbles + 1", "stumbles", claim, after, waitsFor)
        .query(Integer.class)
        .optional();
  }

  /** Gives it back until later: Graft itself broke. Returns how often by now, without an answer. */
  @Transactional
  public int broke(Claim claim, Duration after, String waitsFor) {
    return later("bugs = bugs + 1", "bugs", claim, after, waitsFor)
        .query(Integer.class)
        .optional()
        .orElse(0);
  }

  private JdbcClient.StatementSpec later(
      String counted, String told, Claim claim, Duration after, String waitsFor) {
    return sql.sql(
            """
            update evaluation
               set claimed_until = null, not_before = graft_now() + make_interval(secs => :after),
                   waits_for = :waits_for,\s"""
                + counted
                + FENCE
                + " returning "
                + told)
        .param("after", seconds(after))
        .param("waits_for", waitsFor)
        .param("id", claim.id())
        .param("claim", claim.number());
  }

  @Transactional
  public void succeed(Claim claim, EvaluationResults results) {
    held(
        claim,
        sql.sql(
                """
                update evaluation
                   set status = 'succeeded', ended_at = graft_now(), claimed_until = null, waits_for = null, results = :results::json
                """
                    + FENCE)
            .param("results", json.writeValueAsString(results)));
  }

  @Transactional
  public void fail(Claim claim, Evaluation.Failure error) {
    held(
        claim,
        sql.sql(
                """
                update evaluation
                   set status = 'failed', ended_at = graft_now(), claimed_until = null, waits_for = null,
                       error_code = :code, error_message = :message
                """
                    + FENCE)
            .param("code", error.code())
            .param("message", error.message()));
  }

  private static boolean held(Claim claim, JdbcClient.StatementSpec update) {
    return update.param("id", claim.id()).param("claim", claim.number()).update() == 1;
  }
}
