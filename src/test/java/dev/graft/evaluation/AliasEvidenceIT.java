package dev.graft.evaluation;

import static dev.graft.tenancy.ApiClient.error;
import static dev.graft.tenancy.ApiClient.ok;
import static dev.graft.tenancy.ApiClient.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.graft.adapters.PublishedAdapters;
import dev.graft.inference.GreedyCompletions.GreedyCompletion.Likelihood;
import dev.graft.pg.GraftIT;
import dev.graft.pg.RestingLoops;
import dev.graft.tenancy.ApiClient;
import dev.graft.tenancy.ApiKeys;
import dev.graft.tenancy.Caller;
import dev.graft.tenancy.Departments;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Moves by evaluations, whose results are computed from answers as always. */
@GraftIT
@RestingLoops
class AliasEvidenceIT {
  private static final String PROD = "/v1/aliases/support-prod";
  private static final QualityGate RIGHT = new QualityGate("exact", 0.8, null, null, null);
  private static final QualityGate BETTER = new QualityGate("exact", null, null, 0.0, null);

  @LocalServerPort int port;
  @Autowired Departments departments;
  @Autowired ApiKeys keys;
  @Autowired PublishedAdapters published;
  @Autowired EvaluationService evaluations;
  @Autowired JdbcClient sql;
  @Autowired TransactionTemplate transaction;
  @Autowired JsonMapper json;
  private String department = "";
  private ApiClient own = new ApiClient(0, "");
  private String champion = "";
  private String challenger = "";

  @BeforeEach
  void aChampionAndAChallenger() throws Exception {
    department = departments.ensure("d-" + UUID.randomUUID());
    own = new ApiClient(port, keys.create(department, Caller.Scope.USER).secret());
    champion = published.publish(department).model();
    challenger = published.publish(department).model();
    ok(own.post("/v1/aliases", "{'name': 'support-prod', 'model': '" + champion + "'}"));
  }

  /** Of forty questions each model answers so many rightly. */
  private String evaluation(
      String baseline, String candidate, int baselineRight, int right, QualityGate... gates) {
    EvaluationPlan plan =
        new EvaluationPlan(
            null,
            List.of(candidate),
            baseline,
            "file-1",
            40,
            9,
            1,
            List.of(new Grader.StringCheck("exact", Grader.StringOperation.EQ)),
            List.of(gates));
    List<AnswerRows.GradedAnswer> answers = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      answers.add(answer(0, i, i < baselineRight));
      answers.add(answer(1, i, i < right));
    }
    return ended(plan, EvaluationResults.of(plan, List.of("fp_1", "fp_2"), answers, Map.of()));
  }

  private static AnswerRows.GradedAnswer answer(int model, int number, boolean right) {
    return new AnswerRows.GradedAnswer(
        model,
        number,
        "said",
        false,
        1,
        new Likelihood(-1, 1),
        List.of(right ? 1.0 : 0.0),
        null,
        false);
  }

  /** In one transaction, so that no server works at it. */
  private String ended(EvaluationPlan plan, EvaluationResults results) {
    return transaction.execute(
        status -> {
          String id = evaluations.begin(department, plan);
          sql.sql(
                  """
                  update evaluation set status = 'succeeded', ended_at = graft_now(), results = :results::json
                   where id = :id
                  """)
              .param("id", id)
              .param("results", json.writeValueAsString(results))
              .update();
          sql.sql("delete from leased_work where subject = ?").param(id).update();
          return id;
        });
  }

  private HttpResponse<String> move(String evaluation) throws Exception {
    return own.post(PROD, "{'model': '%s', 'evaluation': '%s'}".formatted(challenger, evaluation));
  }

  private void refused(String evaluation, String why) throws Exception {
    JsonNode refused = error(move(evaluation), 400);
    assertThat(text(refused, "message")).contains(why);
    assertThat(text(refused, "param")).isEqualTo("evaluation");
    assertThat(text(ok(own.get(PROD)), "model")).isEqualTo(champion);
    assertThat(ok(own.get(PROD + "/history")).path("data")).hasSize(1);
  }

  @Test
  void aPassedGateMovesTheAliasAndTheHistoryKeepsIt() throws Exception {
    String evaluation = evaluation(champion, challenger, 20, 38, RIGHT, BETTER);
    assertThat(text(ok(move(evaluation)), "model")).isEqualTo(challenger);
    JsonNode evidence = ok(own.get(PROD + "/history")).at("/data/0/evidence");
    assertThat(text(evidence, "evaluation")).isEqualTo(evaluation);
    assertThat(text(evidence, "baseline")).isEqualTo(champion);
    assertThat(evidence.path("questions").asInt()).isEqualTo(40);
    assertThat(evidence.at("/gates/0/value").asDouble()).isEqualTo(0.95);
    assertThat(evidence.path("gates")).hasSize(2);
    // The evidence stays after its evaluation.
    ok(own.delete("/v1/evaluations/" + evaluation));
    assertThat(text(ok(own.get(PROD + "/history")).at("/data/0/evidence"), "evaluation"))
        .isEqualTo(evaluation);
  }

  @Test
  void aGateThatFailsMovesNothing() throws Exception {
    refused(evaluation(champion, challenger, 20, 28, RIGHT), "does not pass the gates of eval_");
    refused(evaluation(champion, challenger, 38, 38, BETTER), "may be chance");
  }

  @Test
  void anEvaluationThatSaysNothingOfTheModelMovesNothing() throws Exception {
    refused(evaluation(challenger, champion, 20, 40, RIGHT), "does not include '" + challenger);
    refused(evaluation(champion, challenger, 20, 40), "has no gates");
    String running = evaluation(champion, challenger, 20, 40, RIGHT);
    sql.sql(
            "update evaluation set status = 'running', ended_at = null, results = null where id ="
                + " ?")
        .param(running)
        .update();
    refused(running, "is running");
    error(move("eval_none"), 404);
  }

  @Test
  void aComparisonWithAnotherThanTheChampionMovesNothing() throws Exception {
    String other = published.publish(department).model();
    refused(evaluation(other, challenger, 10, 40, BETTER), "evaluate with \"baseline\"");
    // A gate that compares with nothing needs no champion.
    ok(move(evaluation(other, challenger, 10, 40, RIGHT)));
  }
}
