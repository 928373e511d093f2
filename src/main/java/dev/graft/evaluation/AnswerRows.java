package dev.graft.evaluation;

import dev.graft.evaluation.Question.ChosenQuestions.Chosen;
import dev.graft.inference.GreedyCompletions.GreedyCompletion;
import dev.graft.inference.GreedyCompletions.GreedyCompletion.Likelihood;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** The questions of evaluations and the models' answers. {@link EvaluationLedger} writes them. */
@Component
class AnswerRows {
  private final JdbcClient sql;
  private final JsonMapper json;

  AnswerRows(JdbcClient sql, JsonMapper json) {
    this.sql = sql;
    this.json = json;
  }

  /** A question that a model has not answered yet. */
  public record Open(int model, int number, Question question) {}

  public void insert(String evaluationId, int number, Chosen chosen) {
    sql.sql("insert into evaluation_question values (:id, :number, :line, :question::jsonb)")
        .param("id", evaluationId)
        .param("number", number)
        .param("line", chosen.line())
        .param("question", json.writeValueAsString(chosen.question()))
        .update();
  }

  public void insert(String evaluationId, GradedAnswer answer) {
    Likelihood known = answer.known();
    sql.sql(
            """
            insert into evaluation_answer (evaluation_id, model, number, text, cut, tokens, log_probability, known_tokens,
                                           scores, refusal)
            values (:id, :model, :number, :text, :cut, :tokens, :log_probability, :known_tokens, :scores, :refusal)
            """)
        .param("id", evaluationId)
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

  /**
   * Returns the next question, model by model so that adapters change seldom; empty when all models
   * have answered all questions.
   *
   * @param models number of models
   */
  @Transactional(readOnly = true)
  public Optional<Open> next(String evaluationId, int models) {
    for (int model = 0; model < models; model++) {
      Optional<Open> next = open(evaluationId, model);
      if (next.isPresent()) return next;
    }
    return Optional.empty();
  }

  private Optional<Open> open(String evaluationId, int model) {
    return sql.sql(
            """
            select number, question from evaluation_question
             where evaluation_id = :id
               and number > coalesce((select max(number) from evaluation_answer
                                       where evaluation_id = :id and model = :model), -1)
             order by number limit 1
            """)
        .param("id", evaluationId)
        .param("model", model)
        .query(
            (row, index) ->
                new Open(
                    model,
                    row.getInt("number"),
                    json.readValue(row.getString("question"), Question.class)))
        .optional();
  }

  /** Counts the questions per known label. */
  @Transactional(readOnly = true)
  public Map<String, Integer> labels(String evaluationId) {
    Map<String, Integer> labels = new HashMap<>();
    references(evaluationId).values().forEach(label -> labels.merge(label, 1, Integer::sum));
    return labels;
  }

  /** The known answers, by the numbers of their questions. */
  @Transactional(readOnly = true)
  public Map<Integer, String> references(String evaluationId) {
    Map<Integer, String> references = new HashMap<>();
    sql.sql(
            """
            select number, question ->> 'reference' as reference
              from evaluation_question where evaluation_id = :id
            """)
        .param("id", evaluationId)
        .query(
            (ResultSet row) -> {
              references.put(row.getInt("number"), row.getString("reference"));
            });
    return references;
  }

  /**
   * Returns the answers of all models, in the order of the questions.
   *
   * @param texts whether to read the texts of the answers
   */
  @Transactional(readOnly = true)
  public List<GradedAnswer> all(String evaluationId, boolean texts) {
    return sql.sql(
            """
            select model, number, case when :texts then text end as text, cut, tokens, log_probability, known_tokens, scores, refusal
              from evaluation_answer where evaluation_id = :id order by number, model
            """)
        .param("id", evaluationId)
        .param("texts", texts)
        .query(AnswerRows::answer)
        .list();
  }

  public static GradedAnswer answer(ResultSet row, int index) throws SQLException {
    Double logProbability = row.getObject("log_probability", Double.class);
    java.sql.Array scores = row.getArray("scores");
    return new GradedAnswer(
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

  /**
   * A model's answer to a question.
   *
   * @param model its place in the evaluation's models
   * @param number of the question
   * @param text null if it was refused
   * @param cut whether the token limit ended it
   * @param known likelihood of the known answer; null where it is unknown
   * @param scores one per grader; empty if it was refused
   * @param refusal why there is no answer, or null
   * @param givenUp whether there is no answer because the model failed repeatedly
   */
  record GradedAnswer(
      int model,
      int number,
      @Nullable String text,
      boolean cut,
      int tokens,
      @Nullable Likelihood known,
      List<Double> scores,
      @Nullable String refusal,
      boolean givenUp) {
    public static GradedAnswer of(
        int model, int number, GreedyCompletion answer, Question question, EvaluationPlan plan) {
      return switch (answer) {
        case GreedyCompletion.Refused(String why) -> refused(model, number, why);
        case GreedyCompletion.Given given -> {
          List<Double> scores =
              plan.graders().stream()
                  .map(grader -> grader.score(given.text(), question.reference()))
                  .toList();
          // PostgreSQL cannot store U+0000
          String text = given.text().replace('\0', '\uFFFD');
          yield new GradedAnswer(
              model, number, text, given.cut(), given.tokens(), given.known(), scores, null, false);
        }
      };
    }

    /** The question does not fit the model. */
    public static GradedAnswer refused(int model, int number, String why) {
      return without(model, number, why, false);
    }

    /** The model failed in all attempts. */
    public static GradedAnswer lost(int model, int number, int tries, String why) {
      return without(model, number, "No answer in %d attempts. %s".formatted(tries, why), true);
    }

    private static GradedAnswer without(int model, int number, String why, boolean givenUp) {
      String text = why.replace('\0', '\uFFFD');
      return new GradedAnswer(model, number, null, false, 0, null, List.of(), text, givenUp);
    }
  }
}
