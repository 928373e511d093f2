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
 * What decides the numbers of a trainable model, apart from the base itself.
 *
 * @param seed of the start of what the method adds
 * @param quantization of the base, null = as it is
 * @param preference how pairs are learned from; null = they are not
 * @param continued whether it will start as an adapter that has learned: then that is what
 *     preferences are measured from
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
  /** A base as it is, whose rows are no pairs. */
  public TrainingSetup(AdapterMethod method, AdamW optimiser, Execution execution, long seed) {
    this(method, optimiser, execution, seed, null, Regularisation.NONE, null, false);
  }

  /** Weights that lie on the device twice. */
  List<Parameter> turned(ModelDirectory base, Tuner tuner) {
    return execution.turnsWeights() ? BaseWeights.turnable(base, tuner, quantization) : List.of();
  }

  /** The same for another method. */
  public TrainingSetup with(AdapterMethod other) {
    return new TrainingSetup(
        other, optimiser, execution, seed, quantization, regularisation, preference, continued);
  }
}
