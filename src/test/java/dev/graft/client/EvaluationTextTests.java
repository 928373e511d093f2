package dev.graft.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.graft.client.EvaluationsCommand.EvaluationText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class EvaluationTextTests {
  private static JsonNode json(String text) {
    return JsonMapper.shared().readTree(text.replace('\'', '"'));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exact_match>=0.8|at_least|exact_match|0.8",
        "loss <= 1e-2|at_most|loss|0.01",
        "loss+0|better_by|loss|0",
        "rouge_l-0.05|worse_by_at_most|rouge_l|0.05",
        "my-grader>=1|at_least|my-grader|1",
        "my-grader-1|worse_by_at_most|my-grader|1"
      })
  void gatesAreShort(String text, String bound, String metric, double value) {
    JsonNode gate = EvaluationText.gate(text);
    assertThat(gate.propertyNames()).containsExactlyInAnyOrder("metric", bound);
    assertThat(gate.path("metric").asString()).isEqualTo(metric);
    assertThat(gate.path(bound).asDouble()).isEqualTo(value);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "loss", "loss>1", ">=1", "loss>=x", "loss>=1e", "loss=>1"})
  void whatIsNoGateIsRefused(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EvaluationText.gate(text))
        .withMessageContaining("'" + text + "' is not METRIC>=X");
  }

  @Test
  void gradersHaveTheirTypes() {
    assertThat(EvaluationText.grader("ilike"))
        .isEqualTo(json("{'type':'string_check','operation':'ilike'}"));
    assertThat(EvaluationText.grader("gleu"))
        .isEqualTo(json("{'type':'text_similarity','evaluation_metric':'gleu'}"));
  }

  @Test
  void oneThatHasNotEndedSaysHowFarItIsOrWhyItIsNot() {
    assertThat(
            EvaluationText.status(
                json("{'status':'running','waits_for':null,'progress':{'answered':3,'total':8}}")))
        .isEqualTo("running 37 %");
    assertThat(EvaluationText.status(json("{'status':'running','waits_for':'Nobody.'}")))
        .isEqualTo("running, waiting: Nobody.");
    assertThat(
            EvaluationText.of(
                json("{'status':'failed','results':null,'error':{'message':'No such model.'}}")))
        .isEqualTo("failed: No such model.");
  }

  @Test
  void aClassifierHasIntervalsAndWhatItsLabelsAreTakenFor() {
    String shown =
        EvaluationText.of(
            json(
                """
                {'questions':4,'file':'file-1','results':{'compared':4,'left_out':0,'passed':null,'models':[
                  {'model':'mail','baseline':false,'cut':0,'gates':[],
                   'metrics':{'accuracy':{'value':0.75,'questions':4,'confidence_interval':[0.3006,0.9544],'against_baseline':null}},
                   'confusion':{'counts':[[2,1],[0,1]],'classes':[
                     {'label':'delivery','precision':1,'recall':0.66667,'f1':0.8,'support':3,'predicted':2},
                     {'label':'quality','precision':0.5,'recall':1,'f1':0.66667,'support':1,'predicted':2}]}}]}}
                """));
    assertThat(shown)
        .isEqualTo(
            """
            4 of 4 questions of file-1 were answered by all models:

            mail
              accuracy           0.7500 [0.3006, 0.9544]
              CLASS     PRECISION  RECALL  F1      TEXTS  AS delivery  AS quality
              delivery  1.0000     0.6667  0.8000  3      2            1
              quality   0.5000     1.0000  0.6667  1      0            1\
            """
                .indent(0)
                .stripTrailing());
  }

  @Test
  void aListSaysWhatCameOfTheGates() {
    String gates = "'gates':[{'metric':'loss','better_by':0}]";
    assertThat(EvaluationText.gates(json("{%s,'results':{'passed':false}}".formatted(gates))))
        .isEqualTo("failed");
    assertThat(EvaluationText.gates(json("{%s,'results':{'passed':true}}".formatted(gates))))
        .isEqualTo("passed");
    assertThat(EvaluationText.gates(json("{%s,'results':null}".formatted(gates)))).isEqualTo("-");
    assertThat(EvaluationText.gates(json("{'gates':[],'results':{'passed':null}}")))
        .isEqualTo("none");
  }

  @Test
  void aGateThatFailedSaysWhy() {
    String shown =
        EvaluationText.of(
            json(
                """
                {'questions':12,'file':'file-1','results':{'compared':12,'left_out':0,'passed':false,'models':[
                  {'model':'mail','baseline':false,'cut':0,'metrics':{},'gates':[
                    {'metric':'loss','better_by':0,'passed':false,'reason':'too few'},
                    {'metric':'exact','at_least':0.5,'passed':true,'reason':null}]}]}}
                """));
    assertThat(shown)
        .contains("gate loss better by 0: NOT passed: too few\n")
        .contains("gate exact at least 0.5: passed\n");
  }

  @Test
  void whatModelsSayDoesNotSteerTheTerminal() {
    String shown =
        EvaluationText.sample(
            json(
                "{'line':3,'prompt':'a','reference':'b','answers':[{'model':'m','text':'\\u001b[2Jx'},{'model':'n','text':null,'refusal':'too"
                    + " long'}]}"));
    assertThat(shown)
        .isEqualTo("line 3\n  prompt: a\n  reference: b\n  m:  [2Jx\n  n: (none: too long)\n");
  }
}
