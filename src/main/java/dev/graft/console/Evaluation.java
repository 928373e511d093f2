package dev.graft.console;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A comparison of models on held-out rows, as the API tells it. */
record Evaluation(
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
    @Nullable Long endedAt,
    @Nullable Long questions,
    Progress progress,
    @Nullable Results results,
    @Nullable Problem error,
    @Nullable String waitsFor) {

  private static final Set<String> ENDED = Set.of("succeeded", "failed", "cancelled");

  record Progress(long answered, @Nullable Long total) {}

  record Problem(String code, String message) {}

  /**
   * @param passed null without gates
   */
  record Results(long compared, long leftOut, List<Measured> models, @Nullable Boolean passed) {}

  record Measured(
      String model,
      boolean baseline,
      Map<String, Metric> metrics,
      long cut,
      List<Gate> gates,
      @Nullable Boolean passed) {}

  record Metric(double value, long questions, @Nullable Difference againstBaseline) {}

  record Difference(
      double difference,
      List<Double> confidenceInterval,
      double pValue,
      long better,
      long worse,
      long equal,
      String verdict) {}

  record Gate(
      String metric,
      @Nullable Double atLeast,
      @Nullable Double atMost,
      @Nullable Double betterBy,
      @Nullable Double worseByAtMost,
      boolean passed) {}

  record Sample(
      String id,
      long line,
      @Nullable List<Turn> messages,
      @Nullable String prompt,
      String reference,
      List<Answer> answers) {}

  record Turn(String role, String content) {}

  record Answer(
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
