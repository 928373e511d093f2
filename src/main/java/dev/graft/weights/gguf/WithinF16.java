package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * F32 on the way to F16: a number that would become infinite is refused rather than written.
 *
 * @param name of the tensor, for what is wrong with it
 */
record WithinF16(String name, TensorData floats) implements TensorData {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** The least that rounds to infinity. */
  private static final float BEYOND = 65_520;

  @Override
  public long byteSize() {
    return floats.byteSize();
  }

  @Override
  public void copyTo(long from, MemorySegment into) {
    floats.copyTo(from, into);
    for (long at = 0; at < into.byteSize(); at += Float.BYTES) {
      float number = into.get(FLOAT, at);
      if (Math.abs(number) < BEYOND) continue;
      throw new BadModel(
          "tensor %s holds a number that F16 cannot: %s; ask for the type q8_0"
              .formatted(name, number));
    }
  }
}
