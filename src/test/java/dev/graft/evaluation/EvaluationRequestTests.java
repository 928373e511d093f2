package dev.graft.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.graft.platform.RequestFailed;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

class EvaluationRequestTests {
  private static final JsonMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private static EvaluationPlan read(String body) {
    return JSON.readValue(body.replace('\'', '"'), EvaluationRequest.class).checked(1000, false);
  }

  @Test
  void whatIsNotSaidHasAValue() {
    EvaluationPlan plan = read("{'models':['a'],'file':'file-1'}");
    assertThat(plan.maxSamples()).isEqualTo(200);
    assertThat(plan.maxCompletionTokens()).isEqualTo(256);
    assertThat(plan.graders()).extracting(Grader::name).containsExactly("exact_match", "rouge_l");
    assertThat(plan.metrics())
        .extracting(EvaluationPlan.Metric::name)
        .containsExactly("loss", "exact_match", "rouge_l");
    assertThat(plan.allModels()).containsExactly("a");
    assertThat(plan.of(plan.models(), "b").allModels()).containsExactly("b", "a");
  }

  @Test
  void aPlanIsTheSameAfterTheDatabase() {
    EvaluationPlan plan =
        read(
            "{'models':['a','c'],'baseline':'b','file':'file-1','seed':7,'max_samples':3,"
                + "'graders':[{'type':'string_check','operation':'ilike'},"
                + "{'type':'text_similarity','evaluation_metric':'gleu','name':'words'}],"
                + "'gates':[{'metric':'words','worse_by_at_most':0.1}]}");
    String kept = JSON.writeValueAsString(plan);
    assertThat(JSON.readValue(kept, EvaluationPlan.class)).isEqualTo(plan);
    assertThat(kept)
        .contains(
            "{\"type\":\"text_similarity\",\"name\":\"words\",\"evaluation_metric\":\"gleu\"}");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'file':'f'}|models|Missing",
        "{'models':[],'file':'f'}|models|1 to 8",
        "{'models':[null],'file':'f'}|models[0]|Missing",
        "{'models':['a','a'],'file':'f'}|models[1]|is a duplicate",
        "{'models':['a'],'baseline':'a','file':'f'}|models[0]|is a duplicate",
        "{'models':['a']}|file|Missing",
        "{'models':['a'],'file':'f','name':' '}|name|1 to 200",
        "{'models':['a'],'file':'f','max_samples':1001}|max_samples|1 to 1000",
        "{'models':['a'],'file':'f','max_completion_tokens':0}|max_completion_tokens|1 to 4096",
        "{'models':['a'],'file':'f','graders':[]}|graders|1 to 8",
        "{'models':['a'],'file':'f','graders':[{}]}|graders[0].type|Missing",
        "{'models':['a'],'file':'f','graders':[{'type':'python'}]}|graders[0].type|must be string_check",
        "{'models':['a'],'file':'f','graders':[{'type':'string_check'}]}|graders[0].operation|Missing",
        "{'models':['a'],'file':'f','graders':[{'type':'string_check','operation':'eq','evaluation_metric':'gleu'}]}|graders[0].evaluation_metric|not"
            + " a field",
        "{'models':['a'],'file':'f','graders':[{'type':'string_check','operation':'eq','name':'loss'}]}|graders[0].name|and"
            + " not loss",
        "{'models':['a'],'file':'f','graders':[{'type':'string_check','operation':'eq'},{'type':'string_check','operation':'eq'}]}|graders[1].name|another"
            + " grader",
        "{'models':['a'],'file':'f','gates':[{'metric':'gleu','at_least':1}]}|gates[0].metric|name"
            + " of a grader",
        "{'models':['a'],'file':'f','gates':[{'metric':'loss'}]}|gates[0]|one of at_least",
        "{'models':['a'],'file':'f','gates':[{'metric':'loss','at_least':1,'at_most':2}]}|gates[0]|one"
            + " of at_least",
        "{'models':['a'],'file':'f','gates':[{'metric':'loss','better_by':-1}]}|gates[0]|negative",
      })
  void problemsNameTheirPath(String body, String param, String message) {
    assertThatExceptionOfType(RequestFailed.class)
        .isThrownBy(() -> read(body))
        .withMessageContaining(message)
        .satisfies(refused -> assertThat(refused.param()).isEqualTo(param));
  }
}
