package dev.graft.inference;

import dev.graft.weights.Task;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The answer of {@code POST /v1/classify}.
 *
 * @param problemType transformers' name of what the labels mean
 */
record ClassificationObject(
    String id,
    String object,
    long created,
    String model,
    String systemFingerprint,
    String problemType,
    List<TextLabelsObject> data,
    ClassificationUsage usage) {
  /** A class of several that a text may have at once is given to it from here on. */
  private static final double GIVEN = 0.5;

  /**
   * @param index place among the request's texts
   * @param label the likeliest; null of a regression
   * @param score its probability; of a regression the number
   * @param labels all that the text has: one, or as many as it may have; none of a regression
   * @param probabilities by label, the likeliest first; empty of a regression
   */
  record TextLabelsObject(
      String object,
      int index,
      @Nullable String label,
      double score,
      List<String> labels,
      Map<String, Double> probabilities) {
    static TextLabelsObject of(int index, List<LabelScore> scores, Task.Problem problem) {
      LabelScore first = scores.getFirst();
      if (problem == Task.Problem.REGRESSION) {
        return new TextLabelsObject(
            "classification", index, null, first.score(), List.of(), Map.of());
      }
      Map<String, Double> probabilities = new LinkedHashMap<>();
      for (LabelScore each : scores) probabilities.put(each.label(), each.score());
      List<String> labels =
          switch (problem) {
            case SINGLE_LABEL_CLASSIFICATION -> List.of(first.label());
            case MULTI_LABEL_CLASSIFICATION ->
                scores.stream()
                    .filter(each -> each.score() > GIVEN)
                    .map(LabelScore::label)
                    .toList();
            case REGRESSION -> List.of();
          };
      return new TextLabelsObject(
          "classification", index, first.label(), first.score(), labels, probabilities);
    }
  }

  /** Tokens of all texts; a classifier makes none. */
  record ClassificationUsage(int promptTokens, int totalTokens) {}

  static ClassificationObject of(Classification found) {
    List<TextLabelsObject> data = new ArrayList<>();
    for (int i = 0; i < found.texts().size(); i++) {
      data.add(TextLabelsObject.of(i, found.texts().get(i), found.problem()));
    }
    return new ClassificationObject(
        found.id(),
        "list",
        found.created(),
        found.model(),
        found.fingerprint(),
        found.problem().wireName(),
        data,
        new ClassificationUsage(found.tokens(), found.tokens()));
  }
}
