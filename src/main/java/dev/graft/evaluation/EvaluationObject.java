package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.platform.UnixTime;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An evaluation as it is told. Times in unix seconds.
 *
 * @param plan its fields are the evaluation's
 * @param fileName of the plan's file, if it is still there
 * @param questions how many rows are asked; null until they have been chosen
 * @param passedOver rows of the file that cannot be asked
 * @param partialResults of everyone who has answered; null in lists, and where there are results
 * @param results {@code EvaluationResults}, once it has succeeded
 * @param waitsFor why it does not go on at the moment, or null
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
   * What a model has reached so far: its own answers, not yet compared with anyone's.
   *
   * @param metrics means by name, without those that no answer has
   */
  record PartialResult(String model, boolean baseline, int answered, Map<String, Double> metrics) {}

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
            evaluation.answered(), questions == null ? null : questions * plan.everyone().size()),
        partial,
        evaluation.results(),
        evaluation.error(),
        evaluation.waitsFor());
  }
}
