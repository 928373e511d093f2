package dev.graft.weights.gguf;

import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * F32 with a number added to each: norms of Gemma are stored as the whole factor in GGUF files, and
 * as what is beyond one elsewhere.
 */
record Shifted(TensorData data, float by) implements TensorData {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public long byteSize() {
    return data.byteSize();
  }

  @Override
  public void copyTo(long from, MemorySegment into) {
    data.copyTo(from, into);
    for (long at = 0; at < into.byteSize(); at += Float.BYTES) {
      into.set(FLOAT, at, into.get(FLOAT, at) + by);
    }
  }
}
