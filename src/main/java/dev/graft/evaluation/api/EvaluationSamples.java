package dev.graft.evaluation.api;

import dev.graft.evaluation.Evaluation;
import dev.graft.evaluation.samples.AnswerRows;
import dev.graft.evaluation.samples.GradedAnswer;
import dev.graft.evaluation.samples.Question;
import dev.graft.platform.pagination.Cursor;
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
