package dev.graft.evaluation;

import dev.graft.evaluation.ChosenQuestions.Chosen;
import dev.graft.inference.ModelAnswer.Likelihood;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.springframework.context.annotation.Profile;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** The statements of whoever works at an evaluation. Each names its claim, and must find it. */
@Component
@Profile("server")
class EvaluationLedger {
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
             claims = claims + 1, claimed_until = n.now + make_interval(secs => :lease)
        from c, n where e.id = c.id
      returning e.*, n.now - e.waiting_since > make_interval(secs => :patience) as stale
      """;

  private static final String FENCE = " where id = :id and claims = :claim and ended_at is null";

  private final JdbcClient sql;
  private final JsonMapper json;

  EvaluationLedger(JdbcClient sql, JsonMapper json) {
    this.sql = sql;
    this.json = json;
  }

  /**
   * An evaluation to work at.
   *
   * @param number of the claim, in the life of the evaluation
   * @param fingerprints of everyone; empty until the questions are chosen
   * @param plan as {@link StoredPlans} reads it: what cannot be read must not keep others waiting
   * @param stumbles how often the next question broke its model, one time after the other
   * @param givenUp questions that were given up, one after the other
   * @param stale whether it has waited for longer than it may
   */
  record Claim(
      String id,
      String departmentId,
      long number,
      String plan,
      List<String> fingerprints,
      int stumbles,
      int givenUp,
      boolean stale) {
    boolean prepared() {
      return !fingerprints.isEmpty();
    }
  }

  /** A question that a model has not answered yet. */
  record Open(int model, int number, Question question) {}

  /**
   * @param patience how long an evaluation may wait for somebody who answers
   */
  @Transactional
  public Optional<Claim> claim(Duration lease, Duration patience) {
    return sql.sql(CLAIM)
        .param("lease", seconds(lease))
        .param("patience", seconds(patience))
        .query(this::claim)
        .optional();
  }

  private Claim claim(ResultSet row, int index) throws SQLException {
    java.sql.Array fingerprints = row.getArray("fingerprints");
    return new Claim(
        row.getString("id"),
        row.getString("department_id"),
        row.getLong("claims"),
        row.getString("plan"),
        fingerprints == null ? List.of() : Arrays.asList((String[]) fingerprints.getArray()),
        row.getInt("stumbles"),
        row.getInt("given_up"),
        row.getBoolean("stale"));
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
    for (int i = 0; held && i < questions.size(); i++) insert(claim, i, questions.get(i));
    return held;
  }

  private void insert(Claim claim, int number, Chosen chosen) {
    sql.sql("insert into evaluation_question values (:id, :number, :line, :question::jsonb)")
        .param("id", claim.id())
        .param("number", number)
        .param("line", chosen.line())
        .param("question", json.writeValueAsString(chosen.question()))
        .update();
  }

  /**
   * One model after the other: adapters change seldom. Empty when all have answered all.
   *
   * @param models how many are asked
   */
  @Transactional(readOnly = true)
  public Optional<Open> next(Claim claim, int models) {
    for (int model = 0; model < models; model++) {
      Optional<Open> next = open(claim, model);
      if (next.isPresent()) return next;
    }
    return Optional.empty();
  }

  private Optional<Open> open(Claim claim, int model) {
    return sql.sql(
            """
            select number, question from evaluation_question
             where evaluation_id = :id
               and number > coalesce((select max(number) from evaluation_answer
                                       where evaluation_id = :id and model = :model), -1)
             order by number limit 1
            """)
        .param("id", claim.id())
        .param("model", model)
        .query(
            (row, index) ->
                new Open(
                    model,
                    row.getInt("number"),
                    json.readValue(row.getString("question"), Question.class)))
        .optional();
  }

  /** Writes an answer down; whether the claim still held. */
  @Transactional
  public boolean answered(Claim claim, Answer answer) {
    boolean held =
        held(
            claim,
            sql.sql(
                    """
                    update evaluation
                       set answered = answered + 1, stumbles = 0, waiting_since = null,
                           given_up = case when :given_up then given_up + 1 else 0 end
                    """
                        + FENCE)
                .param("given_up", answer.givenUp()));
    if (held) insert(claim, answer);
    return held;
  }

  private void insert(Claim claim, Answer answer) {
    Likelihood known = answer.known();
    sql.sql(
            """
            insert into evaluation_answer (evaluation_id, model, number, text, cut, tokens, log_probability, known_tokens,
                                           scores, refusal)
            values (:id, :model, :number, :text, :cut, :tokens, :log_probability, :known_tokens, :scores, :refusal)
            """)
        .param("id", claim.id())
        .param("model", answer.model())
        .param("number", answer.number())
        .param("text", answer.text())
        .param("cut", answer.cut())
        .param("tokens", answer.tokens())
        .param("log_probability", known == null ? null : known.logProbability())
        .param("known_tokens", known == null ? null : known.tokens())
        .param("scores", answer.refusal() != null ? null : answer.scores().toArray(Double[]::new))
        .param("refusal", answer.refusal())
        .update();
  }

  /** Of everyone, in the order of the questions, without what was said. */
  @Transactional(readOnly = true)
  public List<Answer> answers(Claim claim) {
    return sql.sql(
            """
            select model, number, null as text, cut, tokens, log_probability, known_tokens, scores, refusal
              from evaluation_answer where evaluation_id = :id order by number, model
            """)
        .param("id", claim.id())
        .query(EvaluationLedger::answer)
        .list();
  }

  static Answer answer(ResultSet row, int index) throws SQLException {
    Double logProbability = row.getObject("log_probability", Double.class);
    java.sql.Array scores = row.getArray("scores");
    return new Answer(
        row.getInt("model"),
        row.getInt("number"),
        row.getString("text"),
        row.getBoolean("cut"),
        row.getInt("tokens"),
        logProbability == null ? null : new Likelihood(logProbability, row.getInt("known_tokens")),
        scores == null ? new ArrayList<>() : Arrays.asList((Double[]) scores.getArray()),
        row.getString("refusal"),
        false);
  }

  /** Gives it back: others have their turn. */
  @Transactional
  public void giveBack(Claim claim) {
    held(claim, sql.sql("update evaluation set claimed_until = null" + FENCE));
  }

  /** Gives it back until later: nobody is there to answer. */
  @Transactional
  public void await(Claim claim, Duration after, String waitsFor) {
    held(
        claim,
        sql.sql(
                """
                update evaluation
                   set claimed_until = null, not_before = graft_now() + make_interval(secs => :after),
                       waits_for = :waits_for, waiting_since = coalesce(waiting_since, graft_now())
                """
                    + FENCE)
            .param("after", seconds(after))
            .param("waits_for", waitsFor));
  }

  /** Gives it back until later: something broke. Returns how often by now, one after the other. */
  @Transactional
  public int stumble(Claim claim, Duration after, String waitsFor) {
    return sql.sql(
            """
            update evaluation
               set claimed_until = null, not_before = graft_now() + make_interval(secs => :after),
                   waits_for = :waits_for, stumbles = stumbles + 1
            """
                + FENCE
                + " returning stumbles")
        .param("after", seconds(after))
        .param("waits_for", waitsFor)
        .param("id", claim.id())
        .param("claim", claim.number())
        .query(Integer.class)
        .optional()
        .orElse(0);
  }

  @Transactional
  public void succeed(Claim claim, Results results) {
    held(
        claim,
        sql.sql(
                """
                update evaluation
                   set status = 'succeeded', ended_at = graft_now(), claimed_until = null, results = :results::json
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
                   set status = 'failed', ended_at = graft_now(), claimed_until = null, error_code = :code,
                       error_message = :message
                """
                    + FENCE)
            .param("code", error.code())
            .param("message", error.message()));
  }

  private static boolean held(Claim claim, JdbcClient.StatementSpec update) {
    return update.param("id", claim.id()).param("claim", claim.number()).update() == 1;
  }
}
