package dev.graft.training.model;

import dev.graft.spec.Precision;
import dev.graft.spec.Preference;
import dev.graft.spec.Quantization;
import dev.graft.spec.method.AdapterMethod;
import dev.graft.training.ComputePlan;
import dev.graft.training.model.optimizer.AdamW;
import org.jspecify.annotations.Nullable;

/**
 * What decides the numbers of a trainable model, apart from the base itself.
 *
 * @param labelSmoothing share of the loss that goes to the mean over the vocabulary
 * @param seed of the start of what the method adds
 * @param quantization of the base, null = as it is
 * @param precision of products with the weights of the base
 * @param baseDrops whether the dropouts that the base's config.json names are on
 * @param neftuneNoiseAlpha size of the noise on what the token table gives; 0 = none
 * @param preference how pairs are learned from; null = they are not
 * @param continued whether it will start as an adapter that has learned: then that is what
 *     preferences are measured from
 */
public record TrainingSetup(
    AdapterMethod method,
    AdamW optimiser,
    ComputePlan plan,
    double labelSmoothing,
    long seed,
    @Nullable Quantization quantization,
    Precision precision,
    boolean baseDrops,
    double neftuneNoiseAlpha,
    @Nullable Preference preference,
    boolean continued) {
  /** From the method's own start, without noise. */
  public TrainingSetup(
      AdapterMethod method,
      AdamW optimiser,
      ComputePlan plan,
      double labelSmoothing,
      long seed,
      @Nullable Quantization quantization,
      Precision precision,
      boolean baseDrops,
      @Nullable Preference preference) {
    this(
        method,
        optimiser,
        plan,
        labelSmoothing,
        seed,
        quantization,
        precision,
        baseDrops,
        0,
        preference,
        false);
  }

  /** The same without pairs and without dropouts of the base. */
  public TrainingSetup(
      AdapterMethod method,
      AdamW optimiser,
      ComputePlan plan,
      double labelSmoothing,
      long seed,
      @Nullable Quantization quantization,
      Precision precision) {
    this(method, optimiser, plan, labelSmoothing, seed, quantization, precision, false, null);
  }

  public TrainingSetup(
      AdapterMethod method, AdamW optimiser, ComputePlan plan, double labelSmoothing, long seed) {
    this(method, optimiser, plan, labelSmoothing, seed, null, Precision.F32);
  }

  /** The same for another method. */
  public TrainingSetup with(AdapterMethod other) {
    return new TrainingSetup(
        other,
        optimiser,
        plan,
        labelSmoothing,
        seed,
        quantization,
        precision,
        baseDrops,
        neftuneNoiseAlpha,
        preference,
        continued);
  }

  public TrainingSetup {
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException("label_smoothing_factor not in [0, 1)");
    }
    if (!(neftuneNoiseAlpha >= 0)) {
      throw new IllegalArgumentException("neftune_noise_alpha must be >= 0");
    }
  }
}
