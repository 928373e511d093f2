package dev.graft.evaluation.samples;

import dev.graft.evaluation.EvaluationPlan;
import dev.graft.inference.CompletionFailed;
import dev.graft.inference.GreedyCompletion;
import dev.graft.inference.GreedyCompletions;
import dev.graft.inference.TextLabels;
import java.io.IOException;
import java.util.Map;
import org.springframework.stereotype.Component;

/** Everyone whom an evaluation asks: models that write, models that label, and the majority. */
@Component
public class AskedModels {
  private final GreedyCompletions writers;
  private final TextLabels classifiers;
  private final AnswerRows rows;

  AskedModels(GreedyCompletions writers, TextLabels classifiers, AnswerRows rows) {
    this.writers = writers;
    this.classifiers = classifiers;
    this.rows = rows;
  }

  /**
   * Changes when the files that answer do.
   *
   * @throws dev.graft.platform.errors.RequestFailed if the department has no such model, or it is
   *     none that this evaluation can ask
   */
  public String fingerprint(String departmentId, EvaluationPlan plan, String model)
      throws IOException {
    if (isMajority(plan, model)) return EvaluationPlan.MAJORITY;
    return plan.labels()
        ? classifiers.fingerprint(departmentId, model)
        : writers.fingerprint(departmentId, model);
  }

  /**
   * @throws CompletionFailed if there is no answer now
   */
  public GreedyCompletion ask(
      String departmentId,
      String evaluationId,
      EvaluationPlan plan,
      String model,
      Question question)
      throws InterruptedException, IOException, CompletionFailed {
    if (isMajority(plan, model)) return majority(evaluationId, question.reference());
    String prompt = question.prompt();
    return plan.labels() && prompt != null
        ? classifiers.label(departmentId, model, prompt, question.reference())
        : writers.ask(departmentId, model, question.example(), plan.maxCompletionTokens());
  }

  private static boolean isMajority(EvaluationPlan plan, String model) {
    return plan.labels() && model.equals(EvaluationPlan.MAJORITY);
  }

  /** The most frequent label of all questions; of equally frequent ones the first by name. */
  private GreedyCompletion majority(String evaluationId, String known) {
    Map<String, Integer> labels = rows.labels(evaluationId);
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
