package dev.graft.evaluation;

import dev.graft.inference.GreedyCompletion;
import dev.graft.inference.GreedyCompletion.Likelihood;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model said to a question.
 *
 * @param model its place in the evaluation's models
 * @param number of the question
 * @param text null if it was refused
 * @param cut whether the bound on its tokens ended it
 * @param known how likely the known answer was; null where that cannot be said
 * @param scores one for each grader; empty if it was refused
 * @param refusal why there is no answer, or null
 * @param givenUp whether there is none because the model broke, again and again
 */
record GradedAnswer(
    int model,
    int number,
    @Nullable String text,
    boolean cut,
    int tokens,
    @Nullable Likelihood known,
    List<Double> scores,
    @Nullable String refusal,
    boolean givenUp) {
  public static GradedAnswer of(
      int model, int number, GreedyCompletion answer, Question question, EvaluationPlan plan) {
    return switch (answer) {
      case GreedyCompletion.Refused(String why) -> refused(model, number, why);
      case GreedyCompletion.Given given -> {
        List<Double> scores =
            plan.graders().stream()
                .map(grader -> grader.score(given.text(), question.reference()))
                .toList();
        // PostgreSQL has no text with U+0000
        String text = given.text().replace('\0', '\uFFFD');
        yield new GradedAnswer(
            model, number, text, given.cut(), given.tokens(), given.known(), scores, null, false);
      }
    };
  }

  /** The question does not fit the model. */
  public static GradedAnswer refused(int model, int number, String why) {
    return without(model, number, why, false);
  }

  /** The model broke in so many tries. */
  public static GradedAnswer lost(int model, int number, int tries, String why) {
    return without(model, number, "No answer in %d tries. %s".formatted(tries, why), true);
  }

  private static GradedAnswer without(int model, int number, String why, boolean givenUp) {
    String text = why.replace('\0', '\uFFFD');
    return new GradedAnswer(model, number, null, false, 0, null, List.of(), text, givenUp);
  }
}
