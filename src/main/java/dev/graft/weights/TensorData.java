package dev.graft.weights;

import java.lang.foreign.MemorySegment;

/**
 * The bytes of a tensor, little-endian and row-major: in memory, in a mapped file or on a device.
 * They are copied slice by slice, so that no heap has to hold a tensor, whatever its size.
 */
public interface TensorData {
  /** Bytes that are copied at a time: whole elements of every type. */
  int SLICE = 4 << 20;

  long byteSize();

  /**
   * Copies as many bytes as {@code into} holds.
   *
   * @param from of the first byte; it and the size of {@code into} are whole elements
   */
  void copyTo(long from, MemorySegment into);

  /** Bytes that are in memory or mapped. */
  static TensorData of(MemorySegment bytes) {
    return new Memory(bytes);
  }

  /** Bytes that can be addressed, as long as what they lie in is open. */
  record Memory(MemorySegment bytes) implements TensorData {
    @Override
    public long byteSize() {
      return bytes.byteSize();
    }

    @Override
    public void copyTo(long from, MemorySegment into) {
      MemorySegment.copy(bytes, from, into, 0, into.byteSize());
    }
  }
}
