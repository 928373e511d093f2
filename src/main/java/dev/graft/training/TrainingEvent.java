package dev.graft.training;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An event of a run. Losses are in nats per trained token. */
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
   * @param step optimiser steps already made: 0, or those of the checkpoint
   * @param rows rows that train
   * @param droppedRows rows that the length limit left without a trained token
   * @param truncatedRows rows that were cut
   * @param tokensPerEpoch tokens read, trained or not
   * @param trainedTokensPerEpoch targets
   * @param maxLength longest row, in tokens
   * @param validationRows rows of the validation; null = none
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
   * The computation of the largest micro-batch within the memory, which does not change the numbers
   * of a step. Smaller micro-batches may need less.
   *
   * @param memory bytes that the run may take; null = the minimum
   * @param rows of the micro-batch
   * @param rowsAtATime maximum rows that are computed together
   * @param layers that need activations for backward
   * @param recomputedLayers maximum layers of these that are recomputed
   */
  record Planned(@Nullable Long memory, int rows, int rowsAtATime, int layers, int recomputedLayers)
      implements TrainingEvent {
    /** Returns a sentence for the user. */
    public String sentence() {
      String limit = memory == null ? "the minimum" : "%,d MB".formatted(memory / 1_000_000);
      String how =
          rowsAtATime < rows
              ? "%d of its %d rows at a time".formatted(rowsAtATime, rows)
              : "as a whole";
      String kept =
          recomputedLayers == 0
              ? "all activations are kept"
              : "the activations of %d of %d layers are recomputed"
                  .formatted(recomputedLayers, layers);
      return "Memory: %s; the largest micro-batch is computed %s, %s".formatted(limit, how, kept);
    }
  }

  /**
   * Sent after each optimiser step.
   *
   * @param epoch fractional passes over the data so far
   * @param gradNorm before clipping
   * @param learningRate used in this step
   * @param tokens of this step
   * @param tokensPerSecond logical tokens of this step by its time
   * @param trainedTokens targets since the first step
   * @param trainTokenAccuracy share of right trained tokens; for pairs, of the chosen completions
   * @param metrics further metrics if rows are pairs, by name, such as {@code rewards/margins}
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
   * @param logical of its rows, trained or not, without padding; common prefixes count in each row
   * @param computed that the layers computed, virtual tokens included; common prefixes of a
   *     micro-batch count once
   * @param trained whose loss counts; for labelled rows the labels
   */
  record StepTokens(long logical, long computed, long trained) {}

  /**
   * A step that made no update.
   *
   * @param epoch fractional passes over the data so far
   * @param reason with the rows
   */
  record StepSkipped(long step, long totalSteps, double epoch, String reason)
      implements TrainingEvent {}

  /** Sent when an evaluation starts after a step; step 0 is the base model. */
  record Evaluating(long step) implements TrainingEvent {}

  /**
   * The evaluation of the validation file after a step; step 0 is the base model.
   *
   * @param validMeanTokenAccuracy share of right tokens, or of right labels
   * @param metrics further metrics if rows have labels or are pairs, by name
   */
  record Evaluated(
      long step, double validLoss, double validMeanTokenAccuracy, Map<String, Double> metrics)
      implements TrainingEvent {
    public Evaluated {
      metrics = Collections.unmodifiableMap(new LinkedHashMap<>(metrics));
    }
  }

  /** Sent when a checkpoint is completely on disk. */
  record Checkpoint(long step, String directory) implements TrainingEvent {}

  /** Sent when the result is in its directory. */
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
   * @param param JSON path in the request, if the request is at fault
   */
  record Failed(TrainerExit failure, String message, @Nullable String param)
      implements TrainingEvent {}
}
