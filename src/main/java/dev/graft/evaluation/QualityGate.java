package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import dev.graft.platform.ProblemType;
import dev.graft.platform.RequestFailed;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A requirement for candidates. Exactly one of the bounds is set.
 *
 * @param metric name of a grader, or {@code Metric#LOSS}
 * @param atLeast minimum of the candidate's value; {@code atMost} is the maximum
 * @param betterBy how much better than the baseline it must be over the whole confidence interval
 *     of the difference
 * @param worseByAtMost how much worse than the baseline it may be, over the same interval
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record QualityGate(
    String metric,
    @Nullable Double atLeast,
    @Nullable Double atMost,
    @Nullable Double betterBy,
    @Nullable Double worseByAtMost) {
  /** Minimum number of questions for a gate that compares. */
  static final int LEAST = 20;

  /** Whether it compares the candidate with the baseline. */
  public boolean compares() {
    return betterBy != null || worseByAtMost != null;
  }

  /**
   * Returns why the gate fails, as text that follows a colon; null if it passes.
   *
   * @param value of the candidate
   * @param comparison with the baseline, or null
   */
  public @Nullable String unmet(
      double value, @Nullable Comparison comparison, boolean higherIsBetter) {
    if (atLeast != null) return value >= atLeast ? null : "the value is " + number(value);
    if (atMost != null) return value <= atMost ? null : "the value is " + number(value);
    if (comparison == null) return "the value cannot be compared with the baseline's";
    if (comparison.questions() < LEAST) {
      return "%d %s fewer than the %d that a comparison needs"
          .formatted(
              comparison.questions(),
              comparison.questions() == 1 ? "question is" : "questions are",
              LEAST);
    }
    double low = comparison.confidenceInterval().getFirst();
    double high = comparison.confidenceInterval().getLast();
    double leastGain = higherIsBetter ? low : -high;
    if (worseByAtMost != null && leastGain >= -worseByAtMost) return null;
    if (betterBy != null) {
      if (comparison.verdict() == Comparison.Verdict.INCONCLUSIVE) {
        return "the difference from the baseline may be chance";
      }
      if (comparison.verdict() == Comparison.Verdict.BETTER && leastGain >= betterBy) return null;
    }
    return String.format(Locale.ROOT, "the 95 %% interval of the gain begins at %+.4f", leastGain);
  }

  private static String number(double value) {
    return String.format(Locale.ROOT, "%.4f", value);
  }

  /**
   * The gates of an evaluation that a model has passed: evidence for a move of an alias.
   *
   * @param evaluation its id
   * @param baseline that the model was compared with, or null
   * @param compares whether any gate compares with the baseline
   * @param questions that all models answered
   * @param gates with their values, as the evaluation's results have them
   */
  record PassedGates(
      String evaluation,
      @Nullable String baseline,
      @JsonIgnore boolean compares,
      int questions,
      JsonNode gates) {
    /**
     * @param model name of a candidate, not an alias
     * @throws RequestFailed if the evaluation has not succeeded, is not about the model or has no
     *     gates, or the model does not pass one
     */
    static PassedGates of(Evaluation evaluation, String model) {
      String evaluationId = evaluation.id();
      JsonNode results = evaluation.results();
      if (evaluation.status() != Evaluation.Status.SUCCEEDED || results == null) {
        throw refused(
            "The evaluation %s is %s; it must have succeeded."
                .formatted(evaluationId, evaluation.status().wire()));
      }
      if (!evaluation.plan().models().contains(model)) {
        throw refused(
            "The evaluation %s does not include '%s'; its candidates are %s."
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
              .map(
                  gate ->
                      gate.path("metric").asString("") + ": " + gate.path("reason").asString(""))
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
          .orElseThrow(() -> new IllegalStateException("the results lack a candidate"));
    }

    private static RequestFailed refused(String why) {
      return new RequestFailed(ProblemType.WRONG_STATE, why, "evaluation");
    }
  }
}
