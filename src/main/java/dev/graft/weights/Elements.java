package dev.graft.weights;

/** Reads consecutive elements of a tensor as f32. */
@FunctionalInterface
interface Elements {
  /** Elements {@code from .. from + out.length}. */
  void copyTo(float[] out, long from);
}
