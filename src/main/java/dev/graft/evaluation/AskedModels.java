package dev.graft.evaluation;

import dev.graft.inference.CompletionFailed;
import dev.graft.inference.GreedyCompletion;
import dev.graft.inference.GreedyCompletions;
import dev.graft.inference.TextLabels;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import org.springframework.stereotype.Component;

/** Everyone whom an evaluation asks: models that write, models that label, and the majority. */
@Component
class AskedModels {
  private final GreedyCompletions writers;
  private final TextLabels classifiers;

  AskedModels(GreedyCompletions writers, TextLabels classifiers) {
    this.writers = writers;
    this.classifiers = classifiers;
  }

  /**
   * Changes when the files that answer do.
   *
   * @throws dev.graft.platform.RequestFailed if the department has no such model, or it is none
   *     that this evaluation can ask
   */
  public String fingerprint(String departmentId, EvaluationPlan plan, String model)
      throws IOException {
    if (isMajority(plan, model)) return EvaluationPlan.MAJORITY;
    return plan.labels()
        ? classifiers.fingerprint(departmentId, model)
        : writers.fingerprint(departmentId, model);
  }

  /**
   * @param labels how many questions have each, for the majority
   * @throws CompletionFailed if there is no answer now
   */
  public GreedyCompletion ask(
      String departmentId,
      EvaluationPlan plan,
      Map<String, Integer> labels,
      String model,
      Question question)
      throws InterruptedException, IOException, CompletionFailed {
    if (isMajority(plan, model)) return majority(labels, question.reference());
    return plan.labels()
        ? classifiers.label(
            departmentId, model, Objects.requireNonNull(question.prompt()), question.reference())
        : writers.ask(departmentId, model, question.example(), plan.maxCompletionTokens());
  }

  private static boolean isMajority(EvaluationPlan plan, String model) {
    return plan.labels() && model.equals(EvaluationPlan.MAJORITY);
  }

  /** The most frequent label of all questions; of equally frequent ones the first by name. */
  private static GreedyCompletion majority(Map<String, Integer> labels, String known) {
    String most =
        labels.entrySet().stream()
            .min(
                Map.Entry.<String, Integer>comparingByValue()
                    .reversed()
                    .thenComparing(Map.Entry.comparingByKey()))
            .orElseThrow()
            .getKey();
    double all = labels.values().stream().mapToInt(Integer::intValue).sum();
    double share = labels.getOrDefault(known, 0) / all;
    return new GreedyCompletion.Given(
        most,
        false,
        0,
        new GreedyCompletion.Likelihood(Math.log(share), 1),
        EvaluationPlan.MAJORITY);
  }
}
