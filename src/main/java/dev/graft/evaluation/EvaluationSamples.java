package dev.graft.evaluation;

import dev.graft.evaluation.EvaluationObject.PartialResult;
import dev.graft.platform.Cursor;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import tools.jackson.databind.json.JsonMapper;

/** The samples of an evaluation, page by page. */
@Component
class EvaluationSamples {
  private static final String LIST =
      """
      select q.number, q.line, q.question from evaluation_question q
       where q.evaluation_id = :id and q.number > :after
         and (:sign::int is null
              or exists (select from evaluation_answer b, evaluation_answer c
                          where (b.evaluation_id, b.model, b.number) = (q.evaluation_id, 0, q.number)
                            and (c.evaluation_id, c.model, c.number) = (q.evaluation_id, :model, q.number)
                            and not exists (select from evaluation_answer r
                                             where (r.evaluation_id, r.number) = (q.evaluation_id, q.number)
                                               and (r.refusal is not null
                                                    or :grader::int is null
                                                       and r.known_tokens is distinct from b.known_tokens))
                            and sign(case when :grader::int is null
                                     then b.log_probability / b.known_tokens - c.log_probability / c.known_tokens
                                     else c.scores[:grader::int + 1] - b.scores[:grader::int + 1] end) = :sign))
       order by q.number limit :limit
      """;

  private static final String SO_FAR =
      """
      select model, count(*) as answered, -sum(log_probability) / nullif(sum(known_tokens), 0) as loss,
             (select array_agg(mean order by place)
                from (select place, avg(score) as mean
                        from evaluation_answer s, unnest(s.scores) with ordinality as scored(score, place)
                       where (s.evaluation_id, s.model) = (a.evaluation_id, a.model) group by place) as means) as scores
        from evaluation_answer a where evaluation_id = :id group by evaluation_id, model order by model
      """;

  private final JdbcClient sql;
  private final JsonMapper json;

  EvaluationSamples(JdbcClient sql, JsonMapper json) {
    this.sql = sql;
    this.json = json;
  }

  private record AskedRow(int number, long line, Question question) {}

  /** In the order of the file, and one more than the page has. */
  @Transactional(readOnly = true)
  public List<SampleObject> list(Evaluation evaluation, SampleFilter filter, Cursor page) {
    List<AskedRow> rows =
        sql.sql(LIST)
            .param("id", evaluation.id())
            .param("after", number(page.after()))
            .param("sign", filter.sign())
            .param("model", filter.model())
            .param("grader", filter.metric().grader())
            .param("limit", page.limit() + 1)
            .query(
                (row, index) ->
                    new AskedRow(
                        row.getInt("number"),
                        row.getLong("line"),
                        json.readValue(row.getString("question"), Question.class)))
            .list();
    if (rows.isEmpty()) return List.of();
    Map<Integer, List<GradedAnswer>> answers =
        answers(evaluation, rows.getFirst().number(), rows.getLast().number());
    return rows.stream()
        .map(
            row ->
                SampleObject.of(
                    row.number(),
                    row.line(),
                    row.question(),
                    answers.getOrDefault(row.number(), List.of()),
                    evaluation.plan()))
        .toList();
  }

  /** What everyone who has answered has reached so far, the baseline first. */
  @Transactional(readOnly = true)
  public List<PartialResult> soFar(Evaluation evaluation) {
    return sql.sql(SO_FAR)
        .param("id", evaluation.id())
        .query((row, index) -> partial(row, evaluation.plan()))
        .list();
  }

  private static PartialResult partial(ResultSet row, EvaluationPlan plan) throws SQLException {
    int model = row.getInt("model");
    Map<String, Double> metrics = new LinkedHashMap<>();
    Double loss = row.getObject("loss", Double.class);
    if (loss != null) metrics.put(Metric.LOSS, loss);
    java.sql.Array scores = row.getArray("scores");
    if (scores != null) {
      Double[] means = (Double[]) scores.getArray();
      for (int i = 0; i < means.length; i++) metrics.put(plan.graders().get(i).name(), means[i]);
    }
    boolean baseline = plan.baseline() != null && model == 0;
    return new PartialResult(plan.everyone().get(model), baseline, row.getInt("answered"), metrics);
  }

  /** By the numbers of their questions. */
  private Map<Integer, List<GradedAnswer>> answers(Evaluation evaluation, int first, int last) {
    return sql
        .sql(
            """
            select * from evaluation_answer
             where evaluation_id = :id and number between :first and :last order by model
            """)
        .param("id", evaluation.id())
        .param("first", first)
        .param("last", last)
        .query(AnswerRows::answer)
        .list()
        .stream()
        .collect(Collectors.groupingBy(GradedAnswer::number));
  }

  /** An unknown id is the end of the list. */
  private static int number(@Nullable String after) {
    if (after == null) return -1;
    return after.matches("[0-9]{1,9}") ? Integer.parseInt(after) : Integer.MAX_VALUE;
  }
}
