package dev.graft.training;

/** Element type of the weights of a written checkpoint. */
enum CheckpointPrecision {
  /** Each tensor as the base model stores it, rounded to nearest even. */
  AS_BASE,
  F32
}
