package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.graft.evaluation.comparison.QualityGate;
import dev.graft.evaluation.grading.Grader;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an evaluation does. It is kept with it, as JSON.
 *
 * @param models candidates
 * @param baseline that they are compared with; null = there is none
 * @param file id of the rows that are asked
 * @param seed of the choice of rows, and of what {@code Comparison} draws
 */
public record EvaluationPlan(
    @Nullable String name,
    List<String> models,
    @Nullable String baseline,
    String file,
    int maxSamples,
    int maxCompletionTokens,
    long seed,
    List<Grader> graders,
    List<QualityGate> gates) {
  public EvaluationPlan {
    models = List.copyOf(models);
    graders = List.copyOf(graders);
    gates = List.copyOf(gates);
  }

  public EvaluationPlan against(String other) {
    return new EvaluationPlan(
        name, models, other, file, maxSamples, maxCompletionTokens, seed, graders, gates);
  }

  /** Everyone who is asked: the baseline, if there is one, and the candidates. */
  @JsonIgnore
  public List<String> everyone() {
    List<String> all = new ArrayList<>();
    if (baseline != null) all.add(baseline);
    all.addAll(models);
    return all;
  }

  /** The loss, and what the graders say. */
  @JsonIgnore
  public List<Metric> metrics() {
    List<Metric> all = new ArrayList<>(List.of(Metric.OF_LOSS));
    for (int i = 0; i < graders.size(); i++) all.add(new Metric(graders.get(i).name(), i));
    return all;
  }
}
