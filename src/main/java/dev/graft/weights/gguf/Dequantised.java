package dev.graft.weights.gguf;

import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Quantised blocks as F32, which are made when they are copied. */
record Dequantised(GgmlType type, MemorySegment blocks) implements TensorData {
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  @Override
  public long byteSize() {
    return blocks.byteSize() / type.bytes * type.elements * Float.BYTES;
  }

  @Override
  public void copyTo(long from, MemorySegment into) {
    byte[] block = new byte[type.bytes];
    float[] numbers = new float[type.elements];
    long first = from / Float.BYTES;
    long count = into.byteSize() / Float.BYTES;
    for (long done = 0; done < count; ) {
      long begin = (first + done) / type.elements;
      int skipped = (int) ((first + done) % type.elements);
      MemorySegment.copy(blocks, ValueLayout.JAVA_BYTE, begin * type.bytes, block, 0, block.length);
      type.block().dequantise(block, numbers);
      int taken = (int) Math.min(type.elements - skipped, count - done);
      MemorySegment.copy(numbers, skipped, into, FLOAT, done * Float.BYTES, taken);
      done += taken;
    }
  }
}
