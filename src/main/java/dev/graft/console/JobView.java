package dev.graft.console;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A fine-tuning job, as the API tells it; times in unix seconds. */
record JobView(
    String id,
    long createdAt,
    @Nullable Long finishedAt,
    @Nullable Long estimatedFinish,
    String model,
    String baseModel,
    @Nullable String parentModel,
    @Nullable String fineTunedModel,
    String status,
    @Nullable String subStatus,
    String reason,
    String nextStep,
    String trainingFile,
    @Nullable String trainingFileName,
    @Nullable String validationFile,
    @Nullable String validationFileName,
    @Nullable String submittedBy,
    List<String> resultFiles,
    @Nullable String userProvidedSuffix,
    long seed,
    ResourcesView resources,
    @Nullable String worker,
    JsonNode adapter,
    ProgressView progress,
    @Nullable QueueView queue,
    UsageView usage,
    @Nullable ProblemView error,
    @Nullable FailureView failure,
    @Nullable ProjectView project) {

  private static final Set<String> ENDED = Set.of("succeeded", "failed", "cancelled");

  /** Its department, where jobs of several are listed. */
  public record ProjectView(String id, String name) {}

  public record ProgressView(
      long step,
      @Nullable Long totalSteps,
      @Nullable Double epoch,
      @Nullable Double tokensPerSecond) {}

  /** What it asks of a worker; null = not asked for. */
  public record ResourcesView(
      @Nullable String device,
      @Nullable Long memory,
      @Nullable String capability,
      @Nullable Integer devices,
      @Nullable String workerClass) {}

  public record QueueView(int position, String aheadReason) {}

  public record UsageView(long trainedTokens, double deviceSeconds) {}

  public record ProblemView(String code, String message) {}

  public record FailureView(@Nullable String hint) {}

  /**
   * @param data numbers of a step by name, of an event whose type is {@code metrics}
   */
  public record EventView(
      String id,
      long createdAt,
      String level,
      String message,
      String type,
      @Nullable Map<String, @Nullable Double> data) {}

  public record CheckpointView(
      String id,
      long createdAt,
      String fineTunedModelCheckpoint,
      long stepNumber,
      Map<String, Double> metrics) {}

  public boolean ended() {
    return ENDED.contains(status);
  }

  public boolean mayPause() {
    return status.equals("running") || status.equals("queued");
  }

  /** How much of the steps is made, from 0 to 100. */
  public int percent() {
    if (status.equals("succeeded")) return 100;
    Long total = progress.totalSteps();
    return total == null || total == 0 ? 0 : (int) (100 * progress.step() / total);
  }

  /** What people call it: the suffix that they gave it, else its id. */
  public String title() {
    return userProvidedSuffix == null ? id : userProvidedSuffix;
  }

  /** PEFT's name of the method, or Graft's where PEFT has none. */
  public String method() {
    String peft = adapter.at("/peft/peft_type").asString("");
    return peft.isEmpty() ? adapter.at("/method/type").asString("") : peft;
  }
}
