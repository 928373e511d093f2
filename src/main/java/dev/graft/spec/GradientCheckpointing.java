package dev.graft.spec;

/**
 * Whether activations are computed again on the way down, which takes less memory and more time.
 */
public enum GradientCheckpointing {
  OFF,
  ON,
  /** As much as the memory of the device asks for, and as many rows at a time. */
  AUTO
}
