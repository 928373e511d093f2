package dev.graft.console.api;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A comparison of models on held-out rows, as the API tells it. */
public record EvaluationView(
    String id,
    String status,
    @Nullable String name,
    @Nullable String baseline,
    List<String> models,
    String file,
    int maxSamples,
    long seed,
    JsonNode gates,
    long createdAt,
    @Nullable Long questions,
    ProgressView progress,
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

  public record GateView(String metric, boolean passed) {}

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

  public int percent() {
    if (status.equals("succeeded")) return 100;
    Long total = progress.total();
    return total == null || total == 0 ? 0 : (int) (100 * progress.answered() / total);
  }
}
