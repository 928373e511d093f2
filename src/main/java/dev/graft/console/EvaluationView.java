package dev.graft.console;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A comparison of models on held-out rows, as the API tells it. */
record EvaluationView(
    String id,
    String status,
    @Nullable String name,
    @Nullable String baseline,
    List<String> models,
    String file,
    @Nullable String fileName,
    int maxSamples,
    int maxCompletionTokens,
    long seed,
    List<GraderView> graders,
    List<GateView> gates,
    long createdAt,
    @Nullable Long questions,
    ProgressView progress,
    @Nullable List<PartialView> partialResults,
    @Nullable ResultsView results,
    @Nullable ProblemView error,
    @Nullable String waitsFor) {

  private static final Set<String> ENDED = Set.of("succeeded", "failed", "cancelled");

  public record ProgressView(long answered, @Nullable Long total) {}

  public record ProblemView(String code, String message) {}

  /**
   * @param passed null without gates
   */
  public record ResultsView(long compared, List<MeasuredView> models, @Nullable Boolean passed) {}

  public record MeasuredView(
      String model,
      boolean baseline,
      Map<String, MetricView> metrics,
      long cut,
      List<GateView> gates,
      @Nullable Boolean passed,
      @Nullable ConfusionView confusion) {}

  /**
   * @param counts a row a known label, a column a predicted one; null where there are too many
   */
  public record ConfusionView(List<ClassView> classes, @Nullable List<List<Long>> counts) {}

  public record ClassView(String label, double precision, double recall, double f1, long support) {}

  public record MetricView(
      double value,
      long questions,
      @Nullable List<Double> confidenceInterval,
      @Nullable DifferenceView againstBaseline) {}

  public record DifferenceView(
      double difference,
      List<Double> confidenceInterval,
      double pValue,
      long better,
      long worse,
      long equal,
      String verdict) {}

  /** What a model has reached so far. */
  public record PartialView(
      String model, boolean baseline, long answered, Map<String, Double> metrics) {}

  public record GraderView(
      String type, String name, @Nullable String operation, @Nullable String evaluationMetric) {
    /** Such as {@code exact_match (string_check eq)}. */
    public String title() {
      String how = operation == null ? evaluationMetric : operation;
      return how == null ? name : "%s (%s %s)".formatted(name, type, how);
    }
  }

  /**
   * @param value that was looked at, of a result; {@code passed} is one's, too
   */
  public record GateView(
      String metric,
      @Nullable Double atLeast,
      @Nullable Double atMost,
      @Nullable Double betterBy,
      @Nullable Double worseByAtMost,
      @Nullable Double value,
      @Nullable Boolean passed,
      @Nullable String reason) {
    /** Such as {@code exact_match at least 0.8}. */
    public String title() {
      if (atLeast != null) return metric + " at least " + atLeast;
      if (atMost != null) return metric + " at most " + atMost;
      if (betterBy != null) return metric + " better by " + betterBy;
      return metric + " worse by at most " + worseByAtMost;
    }
  }

  public record SampleView(
      String id,
      long line,
      @Nullable List<TurnView> messages,
      @Nullable String prompt,
      String reference,
      List<AnswerView> answers) {}

  public record TurnView(String role, String content) {}

  public record AnswerView(
      String model,
      @Nullable String text,
      @Nullable Double loss,
      Map<String, Double> scores,
      @Nullable String refusal) {}

  public boolean ended() {
    return ENDED.contains(status);
  }

  public String title() {
    return name == null ? id : name;
  }

  /** Those who have not answered anything yet. */
  public List<String> unasked() {
    List<PartialView> partial = partialResults == null ? List.of() : partialResults;
    return Stream.concat(Stream.ofNullable(baseline), models.stream())
        .filter(each -> partial.stream().noneMatch(one -> one.model().equals(each)))
        .toList();
  }

  public int percent() {
    if (status.equals("succeeded")) return 100;
    Long total = progress.total();
    return total == null || total == 0 ? 0 : (int) (100 * progress.answered() / total);
  }
}
