package dev.graft.evaluation;

import dev.graft.platform.RequestFailed;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which samples are wanted: those that a candidate answers better than the baseline, worse, or
 * alike.
 *
 * @param sign of the difference in the metric; null = all samples
 * @param model place of the candidate among all models
 */
record SampleFilter(@Nullable Integer sign, Metric metric, int model) {
  /**
   * @param outcome {@code better}, {@code worse} or {@code equal}; null = all
   * @param metric null = the first grader
   * @param model null = the first candidate
   */
  static SampleFilter parse(
      @Nullable String outcome,
      @Nullable String metric,
      @Nullable String model,
      EvaluationPlan plan) {
    Metric wanted = metric(metric, plan);
    int candidate = model == null ? 0 : plan.models().indexOf(model);
    if (candidate < 0) {
      throw RequestFailed.invalid("model", "model must be one of " + plan.models() + ".");
    }
    Integer better = wanted.higherIsBetter() ? 1 : -1;
    Integer sign =
        switch (outcome) {
          case null -> null;
          case "better" -> better;
          case "worse" -> -better;
          case "equal" -> 0;
          default ->
              throw RequestFailed.invalid("outcome", "outcome must be better, worse or equal.");
        };
    if (sign != null && plan.baseline() == null) {
      throw RequestFailed.invalid("outcome", "outcome needs a baseline, and there is none.");
    }
    return new SampleFilter(sign, wanted, plan.baseline() == null ? candidate : candidate + 1);
  }

  private static Metric metric(@Nullable String name, EvaluationPlan plan) {
    List<Metric> metrics = plan.metrics().stream().filter(Metric::ofEachQuestion).toList();
    if (name == null) return metrics.get(1);
    List<String> names = metrics.stream().map(Metric::name).toList();
    int at = names.indexOf(name);
    if (at < 0) throw RequestFailed.invalid("metric", "metric must be one of " + names + ".");
    return metrics.get(at);
  }
}
