package dev.graft.weights.gguf;

import dev.graft.weights.Dtype;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;

/**
 * A tensor in a mapped file, usable while that is open.
 *
 * @param shape row-major
 * @param data exactly its bytes
 */
record GgufTensor(String name, GgmlType type, long[] shape, MemorySegment data) {
  public Dtype dtype() {
    return type.dtype();
  }

  /** Its numbers of {@link #dtype}; those of blocks are made when they are copied. */
  public TensorData values() {
    return type.quantised() ? new Dequantised(type, data) : TensorData.of(data);
  }
}
