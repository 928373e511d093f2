package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A question of an evaluation and what was said to it.
 *
 * @param id within the evaluation
 * @param line of the file, from 1
 * @param question its fields are the sample's
 * @param answers so far, the baseline's first
 */
record SampleObject(
    String id, String object, long line, @JsonUnwrapped Question question, List<Said> answers) {
  /**
   * @param text null if there is none
   * @param finishReason {@code stop} or {@code length}; null if there is no answer
   * @param loss of the known answer, a token; null where the model cannot say
   * @param scores by the graders' names
   * @param refusal why there is no answer, or null
   */
  record Said(
      String model,
      @Nullable String text,
      @Nullable String finishReason,
      int completionTokens,
      @Nullable Double loss,
      Map<String, Double> scores,
      @Nullable String refusal) {
    private static Said of(GradedAnswer answer, EvaluationPlan plan) {
      Map<String, Double> scores = new LinkedHashMap<>();
      for (int i = 0; i < answer.scores().size(); i++) {
        scores.put(plan.graders().get(i).name(), answer.scores().get(i));
      }
      var known = answer.known();
      return new Said(
          plan.everyone().get(answer.model()),
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
    List<Said> said = answers.stream().map(each -> Said.of(each, plan)).toList();
    return new SampleObject(String.valueOf(number), "evaluation.sample", line, question, said);
  }
}
