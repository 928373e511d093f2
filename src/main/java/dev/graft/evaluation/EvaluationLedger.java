package dev.graft.evaluation;

import static dev.graft.platform.database.ResultColumns.parameter;
import static dev.graft.platform.database.ResultColumns.seconds;
import static dev.graft.platform.database.ResultColumns.textsOrNull;

import dev.graft.evaluation.Question.ChosenQuestions.Chosen;
import dev.graft.platform.work.LeasedWork;
import dev.graft.platform.work.WorkClaim;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/**
 * The statements of the server that works at an evaluation. Each changes nothing without its claim.
 */
@Component
class EvaluationLedger {
  private static final String OPEN = " where id = :id and ended_at is null";

  private final LeasedWork work;
  private final JdbcClient sql;
  private final AnswerRows answers;
  private final JsonMapper json;

  EvaluationLedger(LeasedWork work, JdbcClient sql, AnswerRows answers, JsonMapper json) {
    this.work = work;
    this.sql = sql;
    this.answers = answers;
    this.json = json;
  }

  /**
   * A claimed evaluation.
   *
   * @param fingerprints of all models; empty until the questions are chosen
   * @param plan JSON for {@link EvaluationPlan#read}: a plan that cannot be read must not block
   *     others
   * @param stumbles consecutive failures of the model at the next question
   * @param givenUp consecutive questions that were given up
   */
  public record Claim(
      WorkClaim work, String plan, List<String> fingerprints, int stumbles, int givenUp) {
    public String id() {
      return work.subject();
    }

    String departmentId() {
      return work.departmentId();
    }

    boolean prepared() {
      return !fingerprints.isEmpty();
    }
  }

  /** Returns nothing if there is nothing left to do. */
  @Transactional
  public Optional<Claim> begin(WorkClaim claim) {
    if (!work.hold(claim)) return Optional.empty();
    return sql.sql(
            """
            update evaluation
               set status = 'running', started_at = coalesce(started_at, graft_now()), waits_for = null,
                   -- no server tried in the meantime, so it has not been waiting for an answer
                   waiting_since = case when :due > graft_now() - interval '10 minutes' then waiting_since end
            """
                + OPEN
                + " returning *")
        .param("due", parameter(claim.dueAt()))
        .param("id", claim.subject())
        .query(
            (row, index) -> {
              List<String> fingerprints = textsOrNull(row, "fingerprints");
              return new Claim(
                  claim,
                  row.getString("plan"),
                  fingerprints == null ? List.of() : fingerprints,
                  row.getInt("stumbles"),
                  row.getInt("given_up"));
            })
        .optional();
  }

  /** Stores the questions; returns whether the claim still held. */
  @Transactional
  public boolean prepare(
      Claim claim, List<Chosen> questions, long passedOver, List<String> fingerprints) {
    if (!work.progressed(claim.work())) return false;
    change(
            claim.work(),
            "questions = :questions, passed_over = :passed_over, fingerprints = :fingerprints")
        .param("questions", questions.size())
        .param("passed_over", passedOver)
        .param("fingerprints", fingerprints.toArray(String[]::new))
        .update();
    for (int i = 0; i < questions.size(); i++) answers.insert(claim.id(), i, questions.get(i));
    return true;
  }

  /** Stores an answer; returns whether the claim still held. */
  @Transactional
  public boolean answered(Claim claim, AnswerRows.GradedAnswer answer) {
    if (!work.progressed(claim.work())) return false;
    change(
            claim.work(),
            """
            answered = answered + 1, stumbles = 0, waiting_since = null,
            given_up = case when :given_up then given_up + 1 else 0 end
            """)
        .param("given_up", answer.givenUp())
        .update();
    answers.insert(claim.id(), answer);
    return true;
  }

  /** Releases the claim so that other evaluations have their turn. */
  @Transactional
  public void giveBack(Claim claim) {
    work.release(claim.work());
  }

  /**
   * Postpones the evaluation because no worker answers. Returns true, and keeps the claim, if it
   * has waited longer than {@code patience}.
   */
  @Transactional
  public boolean await(Claim claim, Duration after, String waitsFor, Duration patience) {
    if (!work.hold(claim.work())) return false;
    boolean tooLong =
        sql.sql(
                """
                update evaluation
                   set waits_for = :waits_for, waiting_since = coalesce(waiting_since, graft_now())
                """
                    + OPEN
                    + " returning graft_now() - waiting_since > make_interval(secs => :patience)")
            .param("waits_for", waitsFor)
            .param("patience", seconds(patience))
            .param("id", claim.id())
            .query(Boolean.class)
            .optional()
            .orElse(false);
    if (!tooLong) work.later(claim.work(), after);
    return tooLong;
  }

  /** Postpones the evaluation because a question made its model fail. */
  @Transactional
  public void stumble(Claim claim, Duration after, String waitsFor) {
    if (!work.later(claim.work(), after)) return;
    change(claim.work(), "stumbles = stumbles + 1, waits_for = :waits_for")
        .param("waits_for", waitsFor)
        .update();
  }

  /** Stores what the evaluation waits for. */
  @Transactional
  public void waitsFor(WorkClaim claim, String waitsFor) {
    if (!work.hold(claim)) return;
    change(claim, "waits_for = :waits_for").param("waits_for", waitsFor).update();
  }

  @Transactional
  public void succeed(Claim claim, EvaluationResults results) {
    if (!work.done(claim.work())) return;
    change(
            claim.work(),
            "status = 'succeeded', ended_at = graft_now(), waits_for = null, results ="
                + " :results::json")
        .param("results", json.writeValueAsString(results))
        .update();
  }

  @Transactional
  public void fail(WorkClaim claim, Evaluation.Failure error) {
    if (!work.done(claim)) return;
    change(
            claim,
            """
            status = 'failed', ended_at = graft_now(), waits_for = null, error_code = :code, error_message = :message
            """)
        .param("code", error.code())
        .param("message", error.message())
        .update();
  }

  private JdbcClient.StatementSpec change(WorkClaim claim, String set) {
    return sql.sql("update evaluation set " + set + OPEN).param("id", claim.subject());
  }
}
