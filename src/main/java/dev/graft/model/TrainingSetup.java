package dev.graft.model;

import dev.graft.spec.AdapterMethod;
import dev.graft.spec.Hyperparameters.Regularisation;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.weights.ModelConfig.Parameter;
import dev.graft.weights.ModelDirectory;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The settings that determine the numbers of a trainable model, apart from the base.
 *
 * @param seed of the start values of the method
 * @param quantization of the base, null = as it is
 * @param preference objective of pairs; null = rows are not pairs
 * @param continued whether training continues an adapter, which is then the reference of
 *     preferences
 */
public record TrainingSetup(
    AdapterMethod method,
    AdamW optimiser,
    Execution execution,
    long seed,
    @Nullable Quantization quantization,
    Regularisation regularisation,
    @Nullable Preference preference,
    boolean continued) {
  /** A setup without quantisation, whose rows are not pairs. */
  public TrainingSetup(AdapterMethod method, AdamW optimiser, Execution execution, long seed) {
    this(method, optimiser, execution, seed, null, Regularisation.NONE, null, false);
  }

  /** Returns the weights of which the device holds a transposed copy. */
  List<Parameter> turned(ModelDirectory base, Tuner tuner) {
    return execution.turnsWeights() ? BaseWeights.turnable(base, tuner, quantization) : List.of();
  }

  /** Returns the same setup with another method. */
  public TrainingSetup with(AdapterMethod other) {
    return new TrainingSetup(
        other, optimiser, execution, seed, quantization, regularisation, preference, continued);
  }
}
