package dev.graft.training;

import dev.graft.model.ComputePlan;
import dev.graft.model.ComputePlan.ActivationBudget;
import dev.graft.model.Tuner;
import dev.graft.spec.TrainingSpec;
import dev.graft.weights.ModelDirectory;
import java.util.Arrays;

/**
 * How a run is computed in the memory of a device.
 *
 * @param held bytes of what is there beside activations
 * @param turned bytes of weights that may lie on a CPU twice
 * @param tokens of a common lane
 * @param most bytes of activations where all that backward can use is kept
 * @param activations what they are, with no bytes to take
 */
record FittingPlan(
    long held, long turned, double tokens, double most, ActivationBudget activations) {
  private static final int MOST_ROWS = 768; // to turn a weight is a twentieth of their product

  /**
   * @param model with the head that trains
   * @param lengths tokens of each row
   * @param threads CPU threads of the math
   */
  public static FittingPlan of(
      ModelDirectory model, TrainingSpec spec, int[] lengths, int threads) {
    Tuner tuner = Tuner.of(spec.method(), model);
    var row = Arrays.stream(lengths).summaryStatistics();
    int tokens = Math.max(0, row.getMax()) + tuner.virtualTokens().count();
    long rows = spec.training().batching().perDeviceTrainBatchSize();
    if (spec.objective().pairs()) rows *= 2;
    MemoryNeed need = MemoryNeed.of(model, tuner, spec, RowSizes.UNKNOWN);
    var all = new RowActivations(model.config(), tuner.slots(), spec, tokens);
    ActivationBudget activations = all.budget(0);
    double most = activations.trained(rows * tokens, tokens, 0);
    double lane = rows * row.getAverage();
    if (!Drops.any(spec, model.config())) {
      long stretches = tuner.virtualTokens().count() > 0 ? 1 : ComputePlan.MOST_STRETCHES;
      lane /= Math.min(Math.max(rows, stretches), threads);
    }
    return new FittingPlan(need.held(), need.turned(), lane, most, activations);
  }

  /**
   * The plan with weights that lie there twice, if that pays, and fits beside all that is kept.
   *
   * @param memory bytes of the device that the run may take
   */
  public ComputePlan turningWeights(ComputePlan plan, long memory) {
    boolean fits = turned > 0 && most <= memory - held - turned;
    return plan.turningWeights(fits && tokens <= MOST_ROWS);
  }

  /** The plan with what is kept, and how much is computed at a time, as it fits. */
  public ComputePlan within(ComputePlan plan, long memory) {
    long left = memory - held - (plan.turnedWeights() ? turned : 0);
    return plan.within(activations.of(Math.max(0, left)));
  }
}
