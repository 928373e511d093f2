package dev.graft.weights.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** f32 to 16 bits, rounded to nearest even as PyTorch does. */
public final class HalfPrecision {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private HalfPrecision() {}

  /**
   * A copy of f32 elements as 16 bits each; the elements themselves where F32 is asked for.
   *
   * @throws IllegalArgumentException for another type
   */
  public static MemorySegment narrow(MemorySegment floats, Dtype to) {
    if (to == Dtype.F32) return floats;
    if (to != Dtype.BF16 && to != Dtype.F16) {
      throw new IllegalArgumentException(to + " is not a 16-bit floating point type");
    }
    int count = Math.toIntExact(floats.byteSize() / 4);
    MemorySegment out = MemorySegment.ofArray(new byte[Math.multiplyExact(2, count)]);
    for (long i = 0; i < count; i++) {
      float value = floats.get(FLOAT, 4 * i);
      out.set(SHORT, 2 * i, to == Dtype.BF16 ? bfloat16(value) : Float.floatToFloat16(value));
    }
    return out;
  }

  public static short bfloat16(float value) {
    if (Float.isNaN(value)) return 0x7FC0;
    return (short) (Float.floatToRawIntBits(Dtype.BF16.round(value)) >>> 16);
  }
}
