package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.graft.evaluation.AnswerRows.GradedAnswer;
import dev.graft.evaluation.EvaluationPlan.Metric;
import dev.graft.inference.GreedyCompletions.GreedyCompletion.Likelihood;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The results of an evaluation. All numbers are over the questions that every model answered.
 *
 * @param compared number of those questions
 * @param leftOut number of the other questions
 * @param models the baseline first, if there is one
 * @param passed whether every candidate passes every gate; null without gates
 */
record EvaluationResults(
    int compared, int leftOut, List<ModelResult> models, @Nullable Boolean passed) {
  /** Gates fail if more than one in ten questions is left out. */
  private static final int LEFT_OUT_OF = 10;

  /**
   * @param systemFingerprint of the files that answered
   * @param metrics by name; without the loss where it is unknown
   * @param cut answers that the token limit ended
   * @param gates of a candidate, else empty
   * @param confusion of a classifier, else null
   */
  record ModelResult(
      String model,
      String systemFingerprint,
      boolean baseline,
      Map<String, MetricResult> metrics,
      long completionTokens,
      int cut,
      List<GateResult> gates,
      @Nullable Boolean passed,
      MacroF1.@Nullable ConfusionMatrix confusion) {}

  /**
   * @param questions that the value covers: fewer for a loss if a known answer does not fit a
   *     model's template
   * @param confidenceInterval of the value, 95 %: Wilson's for an accuracy, bootstrap for an F1;
   *     else null
   * @param againstBaseline null for the baseline itself, without a baseline, and for losses of
   *     models with different tokenizers
   */
  record MetricResult(
      double value,
      int questions,
      @Nullable List<Double> confidenceInterval,
      @Nullable Comparison againstBaseline) {}

  /**
   * @param value that was checked; null if there is none, which fails the gate
   * @param reason why the gate failed, or null
   */
  record GateResult(
      @JsonUnwrapped QualityGate gate,
      @Nullable Double value,
      boolean passed,
      @Nullable String reason) {
    private static GateResult of(
        QualityGate gate, @Nullable Double value, @Nullable String reason) {
      return new GateResult(gate, value, reason == null, reason);
    }
  }

  /** The value of one question: {@code sum / weight}. */
  private record QuestionValue(double sum, int weight) {}

  /**
   * @param fingerprints of all models
   * @param answers of all models to all questions; of classifiers, with their texts
   * @param labels the known labels by question number, for classifiers
   */
  public static EvaluationResults of(
      EvaluationPlan plan,
      List<String> fingerprints,
      List<GradedAnswer> answers,
      Map<Integer, String> labels) {
    List<List<GradedAnswer>> compared = compared(plan.allModels().size(), answers);
    int all = (int) answers.stream().mapToInt(GradedAnswer::number).distinct().count();
    List<ModelResult> models = new ArrayList<>();
    for (int i = 0; i < plan.allModels().size(); i++) {
      models.add(model(plan, i, fingerprints.get(i), compared, all, labels));
    }
    int leftOut = all - compared.size();
    Boolean passed =
        plan.gates().isEmpty()
            ? null
            : models.stream().noneMatch(each -> Boolean.FALSE.equals(each.passed()));
    return new EvaluationResults(compared.size(), leftOut, models, passed);
  }

  /** Returns the questions that all models answered, each as a list with one answer per model. */
  private static List<List<GradedAnswer>> compared(int models, List<GradedAnswer> answers) {
    Map<Integer, List<GradedAnswer>> byQuestion = new LinkedHashMap<>();
    for (GradedAnswer each : answers) {
      byQuestion.computeIfAbsent(each.number(), number -> new ArrayList<>()).add(each);
    }
    return byQuestion.values().stream()
        .filter(each -> each.size() == models)
        .filter(each -> each.stream().allMatch(answer -> answer.refusal() == null))
        .toList();
  }

  private static ModelResult model(
      EvaluationPlan plan,
      int place,
      String fingerprint,
      List<List<GradedAnswer>> compared,
      int all,
      Map<Integer, String> labels) {
    boolean baseline = plan.baseline() != null && place == 0;
    Map<String, MetricResult> metrics = new LinkedHashMap<>();
    for (Metric metric : plan.metrics()) {
      if (metric.ofEachQuestion()) {
        measured(plan, metric, place, baseline, compared)
            .ifPresent(measured -> metrics.put(metric.name(), measured));
      } else if (!compared.isEmpty()) {
        metrics.put(metric.name(), f1(plan, place, baseline, compared, labels));
      }
    }
    List<GradedAnswer> own = compared.stream().map(each -> each.get(place)).toList();
    List<GateResult> gates =
        baseline
            ? List.of()
            : plan.gates().stream().map(gate -> result(gate, metrics, all)).toList();
    return new ModelResult(
        plan.allModels().get(place),
        fingerprint,
        baseline,
        metrics,
        own.stream().mapToLong(GradedAnswer::tokens).sum(),
        (int) own.stream().filter(GradedAnswer::cut).count(),
        gates,
        gates.isEmpty() ? null : gates.stream().allMatch(GateResult::passed),
        plan.labels() ? MacroF1.ConfusionMatrix.of(pairs(place, compared, labels)) : null);
  }

  private static MetricResult f1(
      EvaluationPlan plan,
      int place,
      boolean baseline,
      List<List<GradedAnswer>> compared,
      Map<Integer, String> labels) {
    List<MacroF1.LabelPair> own = pairs(place, compared, labels);
    return new MetricResult(
        MacroF1.of(own),
        own.size(),
        MacroF1.interval(own, plan.seed()),
        plan.baseline() == null || baseline
            ? null
            : MacroF1.compare(own, pairs(0, compared, labels), plan.seed()));
  }

  private static List<MacroF1.LabelPair> pairs(
      int place, List<List<GradedAnswer>> compared, Map<Integer, String> labels) {
    return compared.stream()
        .map(each -> each.get(place))
        .map(
            answer ->
                new MacroF1.LabelPair(
                    Objects.requireNonNull(labels.get(answer.number())),
                    Objects.requireNonNull(answer.text())))
        .toList();
  }

  /**
   * @param all questions
   */
  private static GateResult result(QualityGate gate, Map<String, MetricResult> metrics, int all) {
    MetricResult measured = metrics.get(gate.metric());
    if (measured == null) {
      return GateResult.of(gate, null, "no question has a value of " + gate.metric());
    }
    Comparison comparison = measured.againstBaseline();
    int lacking = all - measured.questions();
    String reason =
        lacking * LEFT_OUT_OF <= all
            ? gate.unmet(measured.value(), comparison, !gate.metric().equals(Metric.LOSS))
            : "%d of %d questions are left out, which is more than a tenth".formatted(lacking, all);
    Double value = measured.value();
    if (gate.compares()) value = comparison == null ? null : comparison.difference();
    return GateResult.of(gate, value, reason);
  }

  private static Optional<MetricResult> measured(
      EvaluationPlan plan,
      Metric metric,
      int place,
      boolean baseline,
      List<List<GradedAnswer>> compared) {
    List<QuestionValue> own = readings(metric, place, compared);
    if (own.isEmpty()) return Optional.empty();
    double weight = own.stream().mapToInt(QuestionValue::weight).sum();
    double value = own.stream().mapToDouble(QuestionValue::sum).sum() / weight;
    List<Double> interval =
        plan.labels() && metric.grader() != null ? Comparison.wilson(value, own.size()) : null;
    if (plan.baseline() == null || baseline) {
      return Optional.of(new MetricResult(value, own.size(), interval, null));
    }
    List<QuestionValue> base = readings(metric, 0, compared);
    return Optional.of(
        new MetricResult(value, own.size(), interval, comparison(own, base, metric, plan.seed())));
  }

  private static @Nullable Comparison comparison(
      List<QuestionValue> own, List<QuestionValue> base, Metric metric, long seed) {
    double[] differences = new double[own.size()];
    double[] weights = new double[own.size()];
    for (int i = 0; i < own.size(); i++) {
      if (own.get(i).weight() != base.get(i).weight()) return null;
      differences[i] = own.get(i).sum() - base.get(i).sum();
      weights[i] = own.get(i).weight();
    }
    return Comparison.of(differences, weights, metric.higherIsBetter(), seed);
  }

  /** Returns the values of the questions that have a value for every model. */
  private static List<QuestionValue> readings(
      Metric metric, int place, List<List<GradedAnswer>> compared) {
    return compared.stream()
        .filter(each -> each.stream().allMatch(answer -> reading(metric, answer) != null))
        .map(each -> Objects.requireNonNull(reading(metric, each.get(place))))
        .toList();
  }

  private static @Nullable QuestionValue reading(Metric metric, GradedAnswer answer) {
    Integer grader = metric.grader();
    if (grader != null) return new QuestionValue(answer.scores().get(grader), 1);
    Likelihood known = answer.known();
    return known == null ? null : new QuestionValue(-known.logProbability(), known.tokens());
  }
}
