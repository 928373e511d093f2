package dev.graft.training;

import static dev.graft.training.DataPathCases.equal;

import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.model.Schedules;
import dev.graft.spec.Hyperparameters;
import dev.graft.text.TokenizedRow;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Optimiser steps of a running trainer, in sequential order. */
final class StepCase {
  /** The fixture has rates to 8 digits and epochs to 6. */
  private static final double RATE = 1e-8;

  private static final double EPOCH = 1e-6;

  private StepCase() {}

  static boolean right(JsonNode settings, JsonNode rows, JsonNode expected) {
    ObjectNode arguments = (ObjectNode) settings.deepCopy();
    boolean preference = arguments.path("trainer").asString("").equals("dpo");
    arguments.remove("trainer");
    arguments.put("train_sampling_strategy", "sequential");
    Hyperparameters training = DataPathCases.training(arguments);
    TokenRows tokens = preference ? null : tokens(rows);
    BatchPlan plan = new BatchPlan(training, 0, new int[rows.size()]);
    if (plan.totalSteps() != expected.path("total_steps").longValue()) return false;
    for (int step = 0; step < plan.totalSteps(); step++) {
      JsonNode want = expected.path("steps").path(step);
      List<int[]> window = plan.window(step);
      double rate =
          training.schedule().learningRate()
              * Schedules.multiplier(
                  training.schedule().lrScheduler(),
                  step,
                  0,
                  plan.totalSteps(),
                  training.schedule().learningRate());
      boolean same =
          equal(window, want.path("micro_batches"))
              && Math.abs(rate - want.path("lr").doubleValue()) <= RATE
              && Math.abs(plan.epochs(step + 1) - want.path("epoch").doubleValue()) <= EPOCH
              && (tokens == null
                  // the loss is a mean over pairs, and its divisor the micro-batches
                  ? window.size() == want.path("divisor").intValue()
                  : targets(window, tokens) == want.path("num_items_in_batch").longValue());
      if (!same) return false;
    }
    return true;
  }

  private static long targets(List<int[]> window, TokenRows tokens) {
    return window.stream().map(rows -> tokens.batch(rows, 1)).mapToLong(TokenBatch::targets).sum();
  }

  private static TokenRows tokens(JsonNode rows) {
    List<TokenizedRow> tokens = new ArrayList<>();
    for (JsonNode row : rows) {
      tokens.add(
          new TokenizedRow(
              1,
              TokenizerCases.ints(row.path("input_ids")),
              TokenizerCases.ints(row.path("labels"))));
    }
    return new TokenRows.Separate(tokens);
  }
}
