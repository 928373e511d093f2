package dev.graft.spec;

/**
 * Element type of the products with the base's weights, which lie on the device in it. Everything
 * else is computed in f32: norms, attention, the loss, what a method adds, gradients of parameters,
 * the optimiser.
 */
public enum Precision {
  F32,
  /** {@code bf16: true}; the base's numbers are rounded to it when they are loaded. */
  BF16,
  /**
   * {@code fp16: true}; the same in f16, of less range: gradients are computed a power of two
   * larger, as much as fits (dynamic loss scaling, Micikevicius et al. 2018).
   */
  F16;

  /** Whether numbers have 16 bits. */
  public boolean half() {
    return this != F32;
  }
}
