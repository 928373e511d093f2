package dev.graft.weights;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/**
 * A tensor with its bytes, which may be stored and changed elsewhere; {@link #inMemory} copies
 * them.
 */
public record NamedTensor(String name, Dtype dtype, long[] shape, TensorData data) {
  /**
   * @param data little-endian, from its position to its limit; not copied
   */
  public NamedTensor(String name, Dtype dtype, long[] shape, ByteBuffer data) {
    this(name, dtype, shape, TensorData.of(MemorySegment.ofBuffer(data)));
  }

  /** Creates a tensor of one byte per element; the array is not copied. */
  public static NamedTensor of(String name, Dtype dtype, byte[] values, long... shape) {
    return new NamedTensor(name, dtype, shape, TensorData.of(MemorySegment.ofArray(values)));
  }

  /** Creates an F32 tensor; the array is not copied. */
  public static NamedTensor of(String name, float[] values, long... shape) {
    return new NamedTensor(name, Dtype.F32, shape, TensorData.of(MemorySegment.ofArray(values)));
  }

  /** Returns tensors by name; of two with the same name, the last. */
  public static Map<String, NamedTensor> byName(Iterable<NamedTensor> tensors) {
    Map<String, NamedTensor> byName = new HashMap<>();
    tensors.forEach(each -> byName.put(each.name(), each));
    return byName;
  }

  public TensorInfo info() {
    return new TensorInfo(name, dtype, shape);
  }

  /** Returns the tensor with another name. */
  public NamedTensor renamed(String other) {
    return new NamedTensor(other, dtype, shape, data);
  }

  /** Returns a copy on the heap. */
  public NamedTensor inMemory() {
    return of(name, dtype, toBytes(), shape);
  }

  /** Returns a copy of the bytes on the heap. */
  public byte[] toBytes() {
    byte[] bytes = new byte[size(1)];
    data.copyTo(0, MemorySegment.ofArray(bytes));
    return bytes;
  }

  /** Returns a copy of the numbers of an F32 tensor on the heap. */
  public float[] toFloats() {
    if (dtype != Dtype.F32) throw new IllegalStateException(name + " is " + dtype + ", not F32");
    float[] values = new float[size(Float.BYTES)];
    data.copyTo(0, MemorySegment.ofArray(values));
    return values;
  }

  private int size(int bytes) {
    long size = data.byteSize() / bytes;
    if (size > Integer.MAX_VALUE - 8) {
      throw new IllegalStateException(
          "tensor %s of %d bytes does not fit into an array".formatted(name, data.byteSize()));
    }
    return (int) size;
  }
}
