package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;

/**
 * Says how good an answer is, from 0 to 1, by the answer that is known: OpenAI's graders, and that
 * of labels.
 */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = Grader.StringCheck.class, name = "string_check"),
  @JsonSubTypes.Type(value = Grader.TextSimilarity.class, name = "text_similarity"),
  @JsonSubTypes.Type(value = Grader.LabelMatch.class, name = "label_match")
})
sealed interface Grader {
  /** Of the number, unique in an evaluation. */
  String name();

  /**
   * White space around both is not looked at, except of labels.
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

  /** Of a classifier: 1 where the label is the known one, else 0. */
  record LabelMatch(String name) implements Grader {
    @Override
    public double score(String answer, String reference) {
      return answer.equals(reference) ? 1 : 0;
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
