package dev.graft.evaluation;

import org.springframework.stereotype.Component;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Plans and results as the database keeps them; a newer release may have written more than is known
 * here.
 */
@Component
class StoredPlans {
  private final JsonMapper json;

  StoredPlans(JsonMapper json) {
    this.json = json.rebuild().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();
  }

  /**
   * @throws tools.jackson.core.JacksonException if it has what this release cannot read
   */
  public EvaluationPlan read(String plan) {
    return json.readValue(plan, EvaluationPlan.class);
  }

  public JsonNode results(String results) {
    return json.readTree(results);
  }

  public String write(EvaluationPlan plan) {
    return json.writeValueAsString(plan);
  }
}
