package dev.graft.weights;

/** A weight of a checkpoint: plain numbers, or quantised by bitsandbytes. */
public sealed interface StoredWeight permits MappedTensor, FourBitTensor, Int8Tensor {
  /** Returns the (dequantised) numbers, row-major. */
  float[] toFloats();

  /** Reads consecutive elements of a tensor as f32. */
  @FunctionalInterface
  interface Elements {
    /** Copies elements {@code from .. from + out.length}. */
    void copyTo(float[] out, long from);
  }
}
