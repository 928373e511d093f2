package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.graft.inference.GreedyCompletions.GreedyCompletion.Likelihood;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import tools.jackson.databind.JsonNode;

/** What an evaluation tells before it has ended. */
@GraftIT
@RestingLoops
class EvaluationSamplesIT {
  private static final List<Grader> GRADERS =
      List.of(
          new Grader.StringCheck("exact", Grader.StringOperation.EQ),
          new Grader.TextSimilarity("rouge_l", Grader.SimilarityMetric.ROUGE_L));

  @LocalServerPort int port;
  @Autowired private Departments departments;
  @Autowired private ApiKeys keys;
  @Autowired private EvaluationService evaluations;
  @Autowired private EvaluationController.EvaluationSamples samples;
  @Autowired private AnswerRows answers;
  @Autowired private JdbcClient sql;
  private String department = "";
  private String id = "";

  @BeforeEach
  void anEvaluation() {
    department = departments.ensure("d-" + UUID.randomUUID());
    id =
        evaluations.begin(
            department,
            new EvaluationPlan(
                null, List.of("tuned"), "base", "file-1", 30, 9, 1, GRADERS, List.of()));
  }

  @AfterEach
  void clean() {
    sql.sql("delete from evaluation").update();
    sql.sql("delete from leased_work").update();
  }

  private void answer(int model, int number, Likelihood known, Double... scores) {
    answers.insert(
        id,
        new AnswerRows.GradedAnswer(
            model, number, "said", false, 1, known, List.of(scores), null, false));
  }

  private List<EvaluationController.EvaluationObject.PartialResult> soFar() {
    Evaluation evaluation = evaluations.require(department, id);
    return samples.soFar(evaluation);
  }

  @Test
  void beforeAnyAnswerThereIsNothing() {
    assertThat(soFar()).isEmpty();
  }

  @Test
  void itHasTheMeansOfEachModelsOwnAnswers() {
    answer(0, 0, new Likelihood(-6, 2), 1.0, 0.5);
    answer(0, 1, new Likelihood(-2, 2), 0.0, 0.25);
    answer(1, 0, null, 1.0, 1.0);
    answers.insert(id, AnswerRows.GradedAnswer.refused(1, 1, "too long"));
    assertThat(soFar())
        .satisfiesExactly(
            base -> {
              assertThat(base.model()).isEqualTo("base");
              assertThat(base.baseline()).isTrue();
              assertThat(base.answered()).isEqualTo(2);
              assertThat(base.metrics())
                  .containsExactlyInAnyOrderEntriesOf(
                      Map.of("loss", 2.0, "exact", 0.5, "rouge_l", 0.375));
            },
            tuned -> {
              assertThat(tuned.model()).isEqualTo("tuned");
              assertThat(tuned.baseline()).isFalse();
              assertThat(tuned.answered()).isEqualTo(2);
              assertThat(tuned.metrics())
                  .containsExactlyInAnyOrderEntriesOf(Map.of("exact", 1.0, "rouge_l", 1.0));
            });
  }

  @Test
  void theApiTellsThemOfAnEvaluationThatGoesOn() throws Exception {
    answer(0, 0, new Likelihood(-1.5, 2), 0.0, 0.5);
    ApiClient api = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    JsonNode shown = ApiClient.ok(api.get("/v1/evaluations/" + id));
    assertThat(shown.at("/partial_results/0/model").asString()).isEqualTo("base");
    assertThat(shown.at("/partial_results/0/metrics/loss").asDouble())
        .isCloseTo(0.75, within(1e-9));
    assertThat(ApiClient.ok(api.get("/v1/evaluations")).at("/data/0/partial_results").isNull())
        .isTrue();
  }
}
