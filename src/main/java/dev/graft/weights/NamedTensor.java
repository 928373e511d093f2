package dev.graft.weights;

import java.nio.ByteBuffer;

/**
 * A tensor as bytes.
 *
 * @param data little-endian, row-major, position 0, remaining = elements x dtype size
 */
public record NamedTensor(String name, Dtype dtype, long[] shape, ByteBuffer data) {
  /** The same numbers under another name. */
  public NamedTensor renamed(String other) {
    return new NamedTensor(other, dtype, shape, data);
  }
}
