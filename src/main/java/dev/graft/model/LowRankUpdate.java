package dev.graft.model;

import dev.graft.weights.ModelConfig.Linear;

/**
 * What a method adds to a linear layer, as the product that plain LoRA has: {@code scale B A}.
 *
 * @param a (rank, in)
 * @param b (out, rank)
 */
public record LowRankUpdate(Linear linear, int rank, float[] a, float[] b, double scale) {
  public LowRankUpdate {
    if (a.length != (long) rank * linear.inFeatures()
        || b.length != (long) rank * linear.outFeatures()) {
      throw new IllegalArgumentException(linear.path() + ": factors of another shape");
    }
  }
}
