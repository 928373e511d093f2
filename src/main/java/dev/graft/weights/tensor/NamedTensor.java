package dev.graft.weights.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.Map;

/**
 * A tensor as bytes.
 *
 * @param data little-endian, row-major, position 0, remaining = elements x dtype size
 */
public record NamedTensor(String name, Dtype dtype, long[] shape, ByteBuffer data) {
  /** One byte an element; the array is not copied. */
  public static NamedTensor of(String name, Dtype dtype, byte[] values, long... shape) {
    return new NamedTensor(
        name, dtype, shape, ByteBuffer.wrap(values).order(ByteOrder.LITTLE_ENDIAN));
  }

  public static NamedTensor of(String name, float[] values, long... shape) {
    ByteBuffer data =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    data.asFloatBuffer().put(values);
    return new NamedTensor(name, Dtype.F32, shape, data);
  }

  /** Of two with the same name, the last. */
  public static Map<String, NamedTensor> byName(Iterable<NamedTensor> tensors) {
    Map<String, NamedTensor> byName = new HashMap<>();
    tensors.forEach(each -> byName.put(each.name(), each));
    return byName;
  }

  /** The same numbers under another name. */
  public NamedTensor renamed(String other) {
    return new NamedTensor(other, dtype, shape, data);
  }

  /** The numbers of an F32 tensor. */
  public float[] toFloats() {
    if (dtype != Dtype.F32) throw new IllegalStateException(name + " is " + dtype + ", not F32");
    float[] values = new float[data.remaining() / Float.BYTES];
    data.duplicate().order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
    return values;
  }
}
