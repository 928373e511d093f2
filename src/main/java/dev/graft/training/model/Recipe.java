package dev.graft.training.model;

import dev.graft.spec.AdapterMethod;

/**
 * What decides the numbers of a trainable model, apart from the base itself.
 *
 * @param labelSmoothing share of the loss that goes to the mean over the vocabulary
 * @param seed of the start of what the method adds
 */
public record Recipe(
    AdapterMethod method, AdamW optimiser, Plan plan, double labelSmoothing, long seed) {
  public Recipe {
    if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
      throw new IllegalArgumentException("label_smoothing_factor not in [0, 1)");
    }
  }
}
