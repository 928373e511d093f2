package dev.graft.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class NewEvaluationFormTests {
  private static JsonNode request(
      List<String> graders, List<String> metrics, List<String> bounds, List<String> values) {
    EvaluationsConsoleController.NewEvaluationForm form =
        new EvaluationsConsoleController.NewEvaluationForm(
            List.of("ft:a"), "", "file-1", " ", "50", "", "7", graders, metrics, bounds, values);
    return JsonMapper.shared().readTree(form.request().toString());
  }

  @Test
  void gradersAndGatesAreSentAsTheApiCallsThem() {
    assertThat(
            request(
                List.of("rouge_l", "contains"),
                List.of("rouge_l", "", "loss"),
                List.of("at_least", "at_least", "better_by"),
                List.of("0.8", "", "0")))
        .isEqualTo(
            JsonMapper.shared()
                .readTree(
                    """
                    {"models": ["ft:a"], "file": "file-1", "max_samples": 50, "seed": 7,
                     "graders": [{"type": "string_check", "name": "contains", "operation": "like"},
                                 {"type": "text_similarity", "name": "rouge_l", "evaluation_metric": "rouge_l"}],
                     "gates": [{"metric": "rouge_l", "at_least": 0.8}, {"metric": "loss", "better_by": 0}]}
                    """));
  }

  @Test
  void whatIsNoNumberIsLeftForTheServerToRefuse() {
    assertThat(
            request(List.of(), List.of("loss"), List.of("at_most"), List.of("low"))
                .at("/gates/0/at_most"))
        .isEqualTo(JsonMapper.shared().readTree("\"low\""));
  }

  @Test
  void aGateWithoutABoundHasNone() {
    assertThat(request(List.of(), List.of("loss"), List.of(), List.of()).at("/gates/0").size())
        .isOne();
  }
}
