package dev.graft.training;

import dev.graft.model.AdamW;
import dev.graft.model.ComputePlan;
import dev.graft.model.Execution;
import dev.graft.model.TrainingSetup;
import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.LrScheduler;
import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One run of the reference, from its {@code case.json}.
 *
 * @param lr peak learning rate
 * @param packed rows hold several texts
 * @param quantization of the base, or null
 * @param precision of the base
 * @param preference of a case with pairs, else null
 * @param trainable trainable scalars
 * @param losses of each optimiser step, before the update
 * @param gradNorms before clipping
 * @param lrs used in the step
 * @param pairSeries further values per step of a case with pairs, by name
 * @param rankSeries values per step of a case with rank allocation
 * @param tolerance by name
 * @param cosineExempt saved tensors whose direction is rounding noise
 * @param generations greedy continuations
 */
record GoldenCase(
    String name,
    Path directory,
    Path model,
    AdapterMethod method,
    int steps,
    int accumulation,
    AdamW optimiser,
    double lr,
    LrScheduler schedule,
    int warmup,
    double labelSmoothing,
    boolean packed,
    @Nullable Quantization quantization,
    Precision precision,
    @Nullable Preference preference,
    long trainable,
    double[] losses,
    double[] gradNorms,
    double[] lrs,
    Map<String, double[]> pairSeries,
    Map<String, double[]> rankSeries,
    Map<String, Double> tolerance,
    Set<String> cosineExempt,
    List<Generation> generations) {
  /** Greedy continuations of one prompt. */
  record Generation(int[] prompt, int[] withAdapter, int[] adapterDisabled) {}

  TrainingSetup recipe(ComputePlan plan) {
    return recipe(Execution.CPU, plan);
  }

  TrainingSetup recipe(String device, ComputePlan plan) {
    return new TrainingSetup(
        method,
        optimiser,
        new Execution(device, precision, plan, 0),
        0,
        quantization,
        new Regularisation(labelSmoothing, true, 0),
        preference,
        false);
  }

  double limit(String name) {
    Double limit = tolerance.get(name);
    if (limit == null) throw new IllegalArgumentException("case.json: tolerance." + name);
    return limit;
  }
}
