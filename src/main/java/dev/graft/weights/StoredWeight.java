package dev.graft.weights;

/** A weight as a checkpoint holds it: plain numbers, or quantised by bitsandbytes. */
public sealed interface StoredWeight permits MappedTensor, FourBitTensor, Int8Tensor {
  /** The numbers that computation uses, row-major. */
  float[] toFloats();
}
