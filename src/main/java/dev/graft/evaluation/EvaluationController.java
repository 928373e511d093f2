package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.datasets.StoredFiles;
import dev.graft.evaluation.AnswerRows.GradedAnswer;
import dev.graft.evaluation.EvaluationController.EvaluationObject.PartialResult;
import dev.graft.evaluation.EvaluationPlan.Metric;
import dev.graft.platform.Cursor;
import dev.graft.platform.CursorPage;
import dev.graft.platform.DeletedObject;
import dev.graft.platform.Idempotency;
import dev.graft.platform.IdempotentRequest;
import dev.graft.platform.RequestFailed;
import dev.graft.platform.UnixTime;
import dev.graft.tenancy.Caller;
import jakarta.servlet.http.HttpServletRequest;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.stereotype.Component;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.DeleteMapping;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Evaluations: whether a model is better than another. */
@RestController
class EvaluationController {
  private static final String ALL = "/v1/evaluations";
  private static final String ONE = ALL + "/{evaluation}";

  private final EvaluationService evaluations;
  private final Evaluations rows;
  private final EvaluationSamples samples;
  private final StoredFiles files;
  private final Idempotency idempotency;

  EvaluationController(
      EvaluationService evaluations,
      Evaluations rows,
      EvaluationSamples samples,
      StoredFiles files,
      Idempotency idempotency) {
    this.evaluations = evaluations;
    this.rows = rows;
    this.samples = samples;
    this.files = files;
    this.idempotency = idempotency;
  }

  @PostMapping(ALL)
  EvaluationObject create(
      @AuthenticationPrincipal Caller caller,
      HttpServletRequest http,
      @RequestBody EvaluationRequest request) {
    String department = caller.departmentId();
    IdempotentRequest submission =
        IdempotentRequest.of(
            http, department, "POST " + ALL, IdempotentRequest.hash(request.toString()));
    String id = idempotency.once(submission, () -> evaluations.create(department, request));
    return object(department, id);
  }

  private EvaluationObject object(String department, String id) {
    return objects(department, List.of(evaluations.require(department, id))).getFirst();
  }

  private List<EvaluationObject> objects(String department, List<Evaluation> found) {
    Map<String, String> names =
        files.names(department, found.stream().map(each -> each.plan().file()).toList());
    return found.stream()
        .map(each -> EvaluationObject.of(each, names.get(each.plan().file()), null))
        .toList();
  }

  /** The newest first. */
  @GetMapping(ALL)
  CursorPage<EvaluationObject> list(
      @AuthenticationPrincipal Caller caller,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    return CursorPage.ofOneMore(
        objects(
            caller.departmentId(),
            rows.page(caller.departmentId(), model, page.after(), page.limit() + 1)),
        page.limit(),
        EvaluationObject::id);
  }

  @GetMapping(ONE)
  EvaluationObject get(@AuthenticationPrincipal Caller caller, @PathVariable String evaluation) {
    String department = caller.departmentId();
    Evaluation found = evaluations.require(department, evaluation);
    return EvaluationObject.of(
        found,
        files.names(department, List.of(found.plan().file())).get(found.plan().file()),
        found.results() == null ? samples.soFar(found) : null);
  }

  /** Lists questions in the order of the file, with the known and the models' answers so far. */
  @GetMapping(ONE + "/samples")
  CursorPage<SampleObject> samples(
      @AuthenticationPrincipal Caller caller,
      @PathVariable String evaluation,
      @RequestParam @Nullable String outcome,
      @RequestParam @Nullable String metric,
      @RequestParam @Nullable String model,
      @RequestParam @Nullable String after,
      @RequestParam @Nullable String limit) {
    Cursor page = Cursor.parse(after, limit, null, 20, 100);
    Evaluation found = evaluations.require(caller.departmentId(), evaluation);
    SampleFilter wanted = SampleFilter.parse(outcome, metric, model, found.plan());
    return CursorPage.ofOneMore(samples.list(found, wanted, page), page.limit(), SampleObject::id);
  }

  @PostMapping(ONE + "/cancel")
  EvaluationObject cancel(@AuthenticationPrincipal Caller caller, @PathVariable String evaluation) {
    evaluations.cancel(caller.departmentId(), evaluation);
    return get(caller, evaluation);
  }

  @DeleteMapping(ONE)
  DeletedObject delete(@AuthenticationPrincipal Caller caller, @PathVariable String evaluation) {
    evaluations.delete(caller.departmentId(), evaluation);
    return new DeletedObject(evaluation, "evaluation.deleted", true);
  }

  /**
   * An evaluation in API responses. Times in unix seconds.
   *
   * @param plan its fields are the evaluation's
   * @param fileName of the plan's file, if it is still there
   * @param questions number of questions; null until they are chosen
   * @param passedOver rows of the file that cannot be used as questions
   * @param partialResults of the models that have answered; null in lists and once there are
   *     results
   * @param results {@code EvaluationResults}, once it has succeeded
   * @param waitsFor what it is waiting for, or null
   */
  record EvaluationObject(
      String id,
      String object,
      Evaluation.Status status,
      @JsonUnwrapped EvaluationPlan plan,
      @Nullable String fileName,
      long createdAt,
      @Nullable Long startedAt,
      @Nullable Long endedAt,
      @Nullable Integer questions,
      long passedOver,
      EvaluationProgress progress,
      @Nullable List<PartialResult> partialResults,
      @Nullable JsonNode results,
      Evaluation.@Nullable Failure error,
      @Nullable String waitsFor) {
    /**
     * @param answered of all models together
     * @param total null until the questions have been chosen
     */
    record EvaluationProgress(int answered, @Nullable Integer total) {}

    /**
     * Interim results of a model, not yet compared with others.
     *
     * @param metrics means by name, only those with values
     */
    record PartialResult(
        String model, boolean baseline, int answered, Map<String, Double> metrics) {}

    static EvaluationObject of(
        Evaluation evaluation, @Nullable String fileName, @Nullable List<PartialResult> partial) {
      EvaluationPlan plan = evaluation.plan();
      Integer questions = evaluation.questions();
      return new EvaluationObject(
          evaluation.id(),
          "evaluation",
          evaluation.status(),
          plan,
          fileName,
          evaluation.createdAt().getEpochSecond(),
          UnixTime.seconds(evaluation.startedAt()),
          UnixTime.seconds(evaluation.endedAt()),
          questions,
          evaluation.passedOver(),
          new EvaluationProgress(
              evaluation.answered(),
              questions == null ? null : questions * plan.allModels().size()),
          partial,
          evaluation.results(),
          evaluation.error(),
          evaluation.waitsFor());
    }
  }

  /** The samples of an evaluation, page by page. */
  @Component
  static class EvaluationSamples {
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

    /** Returns a page and one more, in the order of the file. */
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

    /** Returns interim results of the models that have answered, the baseline first. */
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
      if (loss != null) metrics.put(EvaluationPlan.Metric.LOSS, loss);
      java.sql.Array scores = row.getArray("scores");
      if (scores != null) {
        Double[] means = (Double[]) scores.getArray();
        for (int i = 0; i < means.length; i++) metrics.put(plan.graders().get(i).name(), means[i]);
      }
      boolean baseline = plan.baseline() != null && model == 0;
      return new PartialResult(
          plan.allModels().get(model), baseline, row.getInt("answered"), metrics);
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

  /**
   * Selects samples that a candidate answers better than the baseline, worse, or equally well.
   *
   * @param sign of the difference in the metric; null = all samples
   * @param model index of the candidate among all models
   */
  record SampleFilter(@Nullable Integer sign, Metric metric, int model) {
    /**
     * @param outcome {@code better}, {@code worse} or {@code equal}; null = all
     * @param metric null = the first grader
     * @param model null = the first candidate
     */
    static SampleFilter parse(
        @Nullable String outcome,
        @Nullable String metric,
        @Nullable String model,
        EvaluationPlan plan) {
      Metric wanted = metric(metric, plan);
      int candidate = model == null ? 0 : plan.models().indexOf(model);
      if (candidate < 0) {
        throw RequestFailed.invalid("model", "model must be one of " + plan.models() + ".");
      }
      Integer better = wanted.higherIsBetter() ? 1 : -1;
      Integer sign =
          switch (outcome) {
            case null -> null;
            case "better" -> better;
            case "worse" -> -better;
            case "equal" -> 0;
            default ->
                throw RequestFailed.invalid("outcome", "outcome must be better, worse or equal.");
          };
      if (sign != null && plan.baseline() == null) {
        throw RequestFailed.invalid(
            "outcome", "outcome needs a baseline, which this evaluation does not have.");
      }
      return new SampleFilter(sign, wanted, plan.baseline() == null ? candidate : candidate + 1);
    }

    private static Metric metric(@Nullable String name, EvaluationPlan plan) {
      List<Metric> metrics = plan.metrics().stream().filter(Metric::ofEachQuestion).toList();
      if (name == null) return metrics.get(1);
      List<String> names = metrics.stream().map(Metric::name).toList();
      int at = names.indexOf(name);
      if (at < 0) throw RequestFailed.invalid("metric", "metric must be one of " + names + ".");
      return metrics.get(at);
    }
  }

  /**
   * A question of an evaluation and its answers.
   *
   * @param id within the evaluation
   * @param line of the file, from 1
   * @param question its fields are the sample's
   * @param answers so far, the baseline's first
   */
  record SampleObject(
      String id, String object, long line, @JsonUnwrapped Question question, List<Answer> answers) {
    /**
     * @param text null if there is none
     * @param finishReason {@code stop} or {@code length}; null if there is no answer
     * @param loss per token of the known answer; null where it is unknown
     * @param scores by the graders' names
     * @param refusal why there is no answer, or null
     */
    record Answer(
        String model,
        @Nullable String text,
        @Nullable String finishReason,
        int completionTokens,
        @Nullable Double loss,
        Map<String, Double> scores,
        @Nullable String refusal) {
      private static Answer of(GradedAnswer answer, EvaluationPlan plan) {
        Map<String, Double> scores = new LinkedHashMap<>();
        for (int i = 0; i < answer.scores().size(); i++) {
          scores.put(plan.graders().get(i).name(), answer.scores().get(i));
        }
        var known = answer.known();
        return new Answer(
            plan.allModels().get(answer.model()),
            answer.text(),
            answer.text() == null ? null : answer.cut() ? "length" : "stop",
            answer.tokens(),
            known == null ? null : -known.logProbability() / known.tokens(),
            scores,
            answer.refusal());
      }
    }

    static SampleObject of(
        int number, long line, Question question, List<GradedAnswer> answers, EvaluationPlan plan) {
      List<Answer> shown = answers.stream().map(each -> Answer.of(each, plan)).toList();
      return new SampleObject(String.valueOf(number), "evaluation.sample", line, question, shown);
    }
  }
}
