package dev.graft.training;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a run tells while it goes. Losses are in nats a trained token. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = TrainingEvent.Started.class, name = "started"),
  @JsonSubTypes.Type(value = TrainingEvent.Planned.class, name = "memory_plan"),
  @JsonSubTypes.Type(value = TrainingEvent.Progress.class, name = "progress"),
  @JsonSubTypes.Type(value = TrainingEvent.StepSkipped.class, name = "step_skipped"),
  @JsonSubTypes.Type(value = TrainingEvent.Evaluating.class, name = "evaluating"),
  @JsonSubTypes.Type(value = TrainingEvent.Evaluated.class, name = "evaluation"),
  @JsonSubTypes.Type(value = TrainingEvent.Checkpoint.class, name = "checkpoint"),
  @JsonSubTypes.Type(value = TrainingEvent.Completed.class, name = "completed"),
  @JsonSubTypes.Type(value = TrainingEvent.Failed.class, name = "failed")
})
public sealed interface TrainingEvent {
  /**
   * @param step optimiser steps already made: 0, or that of the checkpoint
   * @param rows rows that train
   * @param droppedRows rows that the length limit left without a trained token
   * @param truncatedRows rows that were cut
   * @param tokensPerEpoch tokens read, trained or not
   * @param trainedTokensPerEpoch targets
   * @param maxLength longest row, in tokens
   * @param validationRows rows that are validated with; null = none
   */
  record Started(
      long step,
      long totalSteps,
      double epochs,
      int rows,
      int droppedRows,
      int truncatedRows,
      long tokensPerEpoch,
      long trainedTokensPerEpoch,
      int maxLength,
      long trainableParameters,
      @Nullable Integer validationRows)
      implements TrainingEvent {}

  /**
   * How the largest micro-batch is computed within the memory, which changes no number of a step.
   * Smaller ones may be computed with less.
   *
   * @param memory bytes that the run may take; null = as few as can be
   * @param rows of the micro-batch
   * @param rowsAtATime that go through the model together, at most
   * @param layers that would keep activations
   * @param recomputedLayers of them that compute theirs again, at most
   */
  record Planned(@Nullable Long memory, int rows, int rowsAtATime, int layers, int recomputedLayers)
      implements TrainingEvent {
    /** For a person. */
    public String sentence() {
      String limit =
          memory == null ? "the least there can be" : "%,d MB".formatted(memory / 1_000_000);
      String how =
          rowsAtATime < rows
              ? "%d of its %d rows at a time".formatted(rowsAtATime, rows)
              : "as a whole";
      String kept =
          recomputedLayers == 0
              ? "all activations are kept"
              : "the activations of %d of %d layers are computed again"
                  .formatted(recomputedLayers, layers);
      return "Memory: %s; the largest micro-batch is computed %s, %s".formatted(limit, how, kept);
    }
  }

  /**
   * After each optimiser step.
   *
   * @param epoch passes over the data so far, with fraction
   * @param gradNorm before clipping
   * @param learningRate used in this step
   * @param tokens of this step
   * @param tokensPerSecond logical tokens of this step by its time
   * @param trainedTokens targets since the first step
   * @param trainTokenAccuracy share of the trained tokens that were right; of pairs, those of the
   *     chosen completions
   * @param metrics what else is measured where rows are pairs, by name, such as {@code
   *     rewards/margins}
   */
  record Progress(
      long step,
      long totalSteps,
      double epoch,
      double loss,
      double gradNorm,
      double learningRate,
      StepTokens tokens,
      double tokensPerSecond,
      long trainedTokens,
      double trainTokenAccuracy,
      Map<String, Double> metrics)
      implements TrainingEvent {
    public Progress {
      metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }
  }

  /**
   * Tokens of a step, counted in three ways.
   *
   * @param logical of its rows, trained or not, without padding: what several rows begin with
   *     counts in each
   * @param computed that went through the layers: what the rows of a micro-batch begin with in
   *     common once, virtual tokens too
   * @param trained whose loss counts; of labelled rows their labels
   */
  record StepTokens(long logical, long computed, long trained) {}

  /**
   * A step is over and has made no update.
   *
   * @param epoch passes over the data so far, with fraction
   * @param reason with the rows
   */
  record StepSkipped(long step, long totalSteps, double epoch, String reason)
      implements TrainingEvent {}

  /** The validation file is begun after a step; step 0 is the base model. */
  record Evaluating(long step) implements TrainingEvent {}

  /**
   * The whole validation file after a step; step 0 is the base model.
   *
   * @param validMeanTokenAccuracy share of right tokens, or of right labels
   * @param metrics what else is measured where rows have labels or are pairs, by name
   */
  record Evaluated(
      long step, double validLoss, double validMeanTokenAccuracy, Map<String, Double> metrics)
      implements TrainingEvent {
    public Evaluated {
      metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }
  }

  /** A complete, synced checkpoint. */
  record Checkpoint(long step, String directory) implements TrainingEvent {}

  /** The result is in its directory. */
  record Completed(
      String directory,
      long steps,
      long trainedTokens,
      double trainLoss,
      @Nullable Double validLoss)
      implements TrainingEvent {}

  /**
   * The last line of a run that failed.
   *
   * @param message for the user: no path, no stack trace
   * @param param JSON path in the request, where the fault is there
   */
  record Failed(TrainerExit failure, String message, @Nullable String param)
      implements TrainingEvent {}
}
