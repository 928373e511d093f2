package dev.graft.training;

import dev.graft.weights.ModelConfig.AttentionShape;

/**
 * Attention of a block of queries over its keys, the queries of all heads that share a key
 * together.
 *
 * @param keys that a query sees on average
 * @param backward whether gradients go down
 */
record AttentionProducts(AttentionShape heads, long queries, long keys, boolean backward) {
  /** Scores, their weights times the values; backward two gradients of each. */
  int products() {
    return backward ? 6 : 2;
  }

  double flops() {
    return products() * 2.0 * heads.heads() * heads.headDim() * queries * keys;
  }
}
