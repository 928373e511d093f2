package dev.graft.training;

import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * {@code checkpoint.json}.
 *
 * @param step optimiser steps of the run so far
 * @param updates the t of Adam's bias correction
 * @param trainedTokens targets so far
 * @param lossSum nats so far, for the mean over the run
 * @param losses what that is a sum over; null in the checkpoints of older releases, which sum over
 *     trained tokens
 * @param trend of the losses; null in the checkpoints of older releases
 * @param best evaluation so far
 * @param evaluationDue whether the evaluation after the step is still to be made; null in the
 *     checkpoints of older releases, where it is made
 * @param skippedInARow steps before the next that made no update; null in the checkpoints of older
 *     releases, where there are none
 * @param run what the checkpoint belongs to
 * @param files SHA-256 of the other files, by name
 */
record CheckpointManifest(
    int format,
    long step,
    long updates,
    long trainedTokens,
    double lossSum,
    @Nullable Long losses,
    @Nullable LossTrend trend,
    @Nullable BestEvaluation best,
    @Nullable Boolean evaluationDue,
    @Nullable Integer skippedInARow,
    RunFacts run,
    Environment environment,
    Map<String, String> files) {
  static final int FORMAT = 2;

  /**
   * All that a run is made from; a checkpoint fits exactly the equal run.
   *
   * @param adapter the resolved object of the request. In full, not a digest: a later release,
   *     which knows more settings, must find the same run in it
   * @param start digest of the weights that training continued from; null = from the method's own
   * @param baseModel digest, as is {@code trainingFile}
   */
  record RunFacts(
      JsonNode adapter, long seed, @Nullable String start, String baseModel, String trainingFile) {}

  /** What the last bits of the numbers depend on beside the run. */
  public record Environment(String libtorch, int threads, String instructionSet) {}
}
