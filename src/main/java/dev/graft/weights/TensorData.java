package dev.graft.weights;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * The bytes of a tensor, little-endian and row-major: in memory, in a mapped file or on a device.
 * They are copied slice by slice, so that tensors of any size do not have to fit on the heap.
 */
public interface TensorData {
  /** Bytes that are copied at once: whole elements of every type. */
  int SLICE = 4 << 20;

  ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  long byteSize();

  /**
   * Copies as many bytes as fit into {@code into}.
   *
   * @param from offset of the first byte; it and the size of {@code into} are whole elements
   */
  void copyTo(long from, MemorySegment into);

  /** Returns bytes in memory or in a mapped file. */
  static TensorData of(MemorySegment bytes) {
    return new Memory(bytes);
  }

  /** Bytes in memory or in a mapped file, usable while it is open. */
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
