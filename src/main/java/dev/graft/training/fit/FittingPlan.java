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
 * @param most bytes of activations where all that backward can use is kept
 * @param activations what they are, with no bytes to take
 */
public record FittingPlan(long held, long turned, double most, ActivationBudget activations) {
  /**
   * @param model with the head that trains
   * @param longest tokens of the longest row
   */
  public static FittingPlan of(ModelDirectory model, TrainingSpec spec, int longest) {
    Tuner tuner = Tuners.of(spec.method(), model);
    int tokens = longest + tuner.virtualTokens().count();
    long rows = spec.training().batching().perDeviceTrainBatchSize();
    if (spec.objective().pairs()) rows *= 2;
    MemoryNeed need = MemoryNeed.of(model, tuner, spec, RowSizes.UNKNOWN);
    ActivationBudget activations =
        new RowActivations(model.config(), tuner.slots(), spec, tokens).budget(0);
    double most = activations.trained(rows * tokens, tokens, 0);
    return new FittingPlan(need.held(), need.turned(), most, activations);
  }

  /**
   * The plan with weights that lie there twice, if they fit beside all that can be kept.
   *
   * @param memory bytes of the device that the run may take
   */
  public ComputePlan turningWeights(ComputePlan plan, long memory) {
    boolean fits = turned > 0 && most <= memory - held - turned;
    return plan.turningWeights(fits);
  }

  /** The plan with what is kept, and how much is computed at a time, as it fits. */
  public ComputePlan within(ComputePlan plan, long memory) {
    long beside = plan.turnedWeights() ? held + turned : held;
    return plan.within(activations.of(Math.max(0, memory - beside)));
  }
}
