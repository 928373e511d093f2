package dev.graft.evaluation;

import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * An evaluation as it is now.
 *
 * @param questions null until they have been chosen
 * @param passedOver rows of the file that cannot be asked
 * @param answered answers of all models so far
 * @param results {@code EvaluationResults} as JSON, once it has succeeded
 * @param error why it has failed, or null
 * @param waitsFor why it does not go on at the moment, or null
 */
record Evaluation(
    String id,
    Status status,
    EvaluationPlan plan,
    Instant createdAt,
    @Nullable Instant startedAt,
    @Nullable Instant endedAt,
    @Nullable Integer questions,
    long passedOver,
    int answered,
    @Nullable JsonNode results,
    @Nullable Failure error,
    @Nullable String waitsFor) {
  /** The kind of work that one is until it has ended. */
  public static final String WORK = "evaluation";

  public enum Status {
    QUEUED,
    RUNNING,
    SUCCEEDED,
    FAILED,
    CANCELLED;

    @JsonValue
    public String wire() {
      return name().toLowerCase(Locale.ROOT);
    }

    public static Status of(String wire) {
      return valueOf(wire.toUpperCase(Locale.ROOT));
    }
  }

  /**
   * @param code for programs
   * @param message a sentence for people
   */
  public record Failure(String code, String message) {}
}
