package dev.graft.evaluation;

import dev.graft.inference.ModelAnswer;
import dev.graft.inference.ModelAnswer.Likelihood;
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
 */
record Answer(
    int model,
    int number,
    @Nullable String text,
    boolean cut,
    int tokens,
    @Nullable Likelihood known,
    List<Double> scores,
    @Nullable String refusal) {
  static Answer of(int model, int number, ModelAnswer answer, Question question, Plan plan) {
    return switch (answer) {
      case ModelAnswer.Refused(String why) -> refused(model, number, why);
      case ModelAnswer.Given given -> {
        List<Double> scores =
            plan.graders().stream()
                .map(grader -> grader.score(given.text(), question.reference()))
                .toList();
        // PostgreSQL has no text with U+0000
        String text = given.text().replace('\0', '\uFFFD');
        yield new Answer(
            model, number, text, given.cut(), given.tokens(), given.known(), scores, null);
      }
    };
  }

  static Answer refused(int model, int number, String why) {
    return new Answer(model, number, null, false, 0, null, List.of(), why.replace('\0', '\uFFFD'));
  }
}
