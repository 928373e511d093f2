package dev.graft.evaluation;

import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.stream.Collectors;
import org.springframework.stereotype.Component;
import tools.jackson.databind.JsonNode;

/** Reads verdicts from the results that evaluations are kept with. */
@Component
class GateVerdicts implements EvaluationVerdicts {
  private final Evaluations evaluations;

  GateVerdicts(Evaluations evaluations) {
    this.evaluations = evaluations;
  }

  @Override
  public PassedGates passed(String departmentId, String evaluationId, String model) {
    Evaluation evaluation = evaluations.require(departmentId, evaluationId);
    JsonNode results = evaluation.results();
    if (evaluation.status() != Evaluation.Status.SUCCEEDED || results == null) {
      throw refused(
          "The evaluation %s is %s: only one that has succeeded says what a model is worth."
              .formatted(evaluationId, evaluation.status().wire()));
    }
    if (!evaluation.plan().models().contains(model)) {
      throw refused(
          "The evaluation %s is not about '%s': its candidates are %s."
              .formatted(evaluationId, model, String.join(", ", evaluation.plan().models())));
    }
    JsonNode gates = candidate(results, model).path("gates");
    if (gates.isEmpty()) {
      throw refused("The evaluation %s has no gates.".formatted(evaluationId));
    }
    String unmet =
        gates
            .valueStream()
            .filter(gate -> !gate.path("passed").asBoolean(false))
            .map(gate -> gate.path("metric").asString("") + ": " + gate.path("reason").asString(""))
            .collect(Collectors.joining("; "));
    if (!unmet.isEmpty()) {
      throw refused(
          "'%s' does not pass the gates of %s: %s.".formatted(model, evaluationId, unmet));
    }
    return new PassedGates(
        evaluationId,
        evaluation.plan().baseline(),
        evaluation.plan().gates().stream().anyMatch(QualityGate::compares),
        results.path("compared").asInt(0),
        gates);
  }

  private static JsonNode candidate(JsonNode results, String model) {
    return results
        .path("models")
        .valueStream()
        .filter(each -> each.path("model").asString("").equals(model))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("results without a candidate"));
  }

  private static RequestFailed refused(String why) {
    return new RequestFailed(ProblemType.WRONG_STATE, why, "evaluation");
  }
}
