package dev.graft.training.fit;

import dev.graft.spec.TrainingSpec;
import dev.graft.training.ActivationBudget;
import dev.graft.training.ComputePlan;
import dev.graft.training.tuner.Tuners;
import dev.graft.training.tuner.part.Tuner;
import dev.graft.weights.ModelDirectory;

/**
 * How a run is computed in the memory of a device.
 *
 * @param held bytes of what is there beside activations
 * @param turned bytes of weights that may lie on a CPU twice
 * @param tokens of the largest lane of a micro-batch, the rows of its products
 * @param most bytes of activations where all that backward can use is kept
 * @param activations what they are, with no bytes to take
 */
public record FittingPlan(
    long held, long turned, long tokens, double most, ActivationBudget activations) {
  /** To turn a weight takes a twentieth of the time of a product of so many rows. */
  private static final int MOST_ROWS = 768;

  /**
   * @param model with the head that trains
   * @param longest tokens of the longest row
   * @param threads CPU threads of the math
   */
  public static FittingPlan of(ModelDirectory model, TrainingSpec spec, int longest, int threads) {
    Tuner tuner = Tuners.of(spec.method(), model);
    int tokens = longest + tuner.virtualTokens().count();
    long rows = spec.training().batching().perDeviceTrainBatchSize();
    if (spec.objective().pairs()) rows *= 2;
    MemoryNeed need = MemoryNeed.of(model, tuner, spec, RowSizes.UNKNOWN);
    ActivationBudget activations =
        new RowActivations(model.config(), tuner.slots(), spec, tokens).budget(0);
    double most = activations.trained(rows * tokens, tokens, 0);
    long lanes = Drops.any(spec, model.config()) ? 1 : Math.min(rows, threads);
    long lane = Math.ceilDiv(rows, lanes) * tokens;
    return new FittingPlan(need.held(), need.turned(), lane, most, activations);
  }

  /**
   * The plan with weights that lie there twice, if they fit beside all that can be kept, and
   * products have so few rows that it pays.
   *
   * @param memory bytes of the device that the run may take
   */
  public ComputePlan turningWeights(ComputePlan plan, long memory) {
    boolean pays = turned > 0 && tokens <= MOST_ROWS;
    return plan.turningWeights(pays && most <= memory - held - turned);
  }

  /** The plan with what is kept, and how much is computed at a time, as it fits. */
  public ComputePlan within(ComputePlan plan, long memory) {
    long beside = plan.turnedWeights() ? held + turned : held;
    return plan.within(activations.of(Math.max(0, memory - beside)));
  }
}
