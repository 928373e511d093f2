package dev.graft.evaluation.grading;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/** Says how good an answer is, from 0 to 1, by the answer that is known: OpenAI's graders. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Grader.StringCheck.class, name = "string_check"),
  @JsonSubTypes.Type(value = Grader.TextSimilarity.class, name = "text_similarity")
})
public sealed interface Grader {
  /** Of the number, unique in an evaluation. */
  String name();

  /**
   * White space around both is not looked at.
   *
   * @param reference the known answer
   */
  double score(String answer, String reference);

  /** OpenAI's {@code string_check}: 1 or 0. */
  record StringCheck(String name, StringOperation operation) implements Grader {
    @Override
    public double score(String answer, String reference) {
      return operation.holds(answer.strip(), reference.strip()) ? 1 : 0;
    }
  }

  /** OpenAI's {@code text_similarity}. */
  record TextSimilarity(String name, SimilarityMetric evaluationMetric) implements Grader {
    @Override
    public double score(String answer, String reference) {
      return evaluationMetric.of(answer.strip(), reference.strip());
    }
  }
}
