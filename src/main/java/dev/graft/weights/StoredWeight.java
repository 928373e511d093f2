package dev.graft.weights;

/** A weight as a checkpoint holds it: plain numbers, or quantised by bitsandbytes. */
public sealed interface StoredWeight permits MappedTensor, FourBitTensor, Int8Tensor {
  /** The numbers that computation uses, row-major. */
  float[] toFloats();

  /** Reads consecutive elements of a tensor as f32. */
  @FunctionalInterface
  interface Elements {
    /** Elements {@code from .. from + out.length}. */
    void copyTo(float[] out, long from);
  }
}
