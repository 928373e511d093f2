package dev.graft.spec;

/**
 * Element type of the base's weights on the device and of products with them. Everything else is
 * computed in f32: norms, attention, the loss, the method's own parts, gradients of parameters, the
 * optimiser.
 */
public enum Precision {
  F32,
  /** {@code bf16: true}; the base's weights are rounded when they are loaded. */
  BF16,
  /**
   * {@code fp16: true}; f16 has a smaller range, so gradients are scaled by a power of two as large
   * as fits (dynamic loss scaling, Micikevicius et al. 2018).
   */
  F16;

  /** Whether numbers have 16 bits. */
  public boolean half() {
    return this != F32;
  }
}
