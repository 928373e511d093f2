package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * F32 as blocks of Q8_0, made when they are copied: a scale of F16 and 32 bytes, rounded as {@code
 * quantize_row_q8_0_ref} of ggml-quants.c does.
 *
 * @param name of the tensor, for what is wrong with it
 */
record Q8Blocks(String name, TensorData floats) implements TensorData {
  private static final int NUMBERS = 32;
  private static final int BYTES = 2 + NUMBERS;

  /** Blocks that are made at a time. */
  private static final int PIECE = 1 << 11;

  @Override
  public long byteSize() {
    return floats.byteSize() / (NUMBERS * Float.BYTES) * BYTES;
  }

  /** From any byte, and so many: slices of a file are no whole blocks. */
  @Override
  public void copyTo(long from, MemorySegment into) {
    for (long done = 0; done < into.byteSize(); ) {
      int skipped = (int) ((from + done) % BYTES);
      long wanted = Math.ceilDiv(into.byteSize() - done + skipped, BYTES);
      byte[] made = blocks((from + done) / BYTES, (int) Math.min(PIECE, wanted));
      int taken = (int) Math.min(made.length - skipped, into.byteSize() - done);
      MemorySegment.copy(made, skipped, into, ValueLayout.JAVA_BYTE, done, taken);
      done += taken;
    }
  }

  private byte[] blocks(long first, int count) {
    float[] numbers = new float[count * NUMBERS];
    floats.copyTo(first * NUMBERS * Float.BYTES, MemorySegment.ofArray(numbers));
    byte[] blocks = new byte[count * BYTES];
    for (int i = 0; i < count; i++) block(numbers, i * NUMBERS, blocks, i * BYTES);
    return blocks;
  }

  private void block(float[] numbers, int at, byte[] blocks, int to) {
    float largest = 0;
    for (int i = 0; i < NUMBERS; i++) largest = Math.max(largest, Math.abs(numbers[at + i]));
    float scale = largest / 127;
    short half = Float.floatToFloat16(scale);
    if (!Float.isFinite(Float.float16ToFloat(half))) {
      throw new BadModel("tensor " + name + " holds a number that Q8_0 cannot: " + largest);
    }
    blocks[to] = (byte) half;
    blocks[to + 1] = (byte) (half >> 8);
    float inverse = scale == 0 ? 0 : 1 / scale;
    for (int i = 0; i < NUMBERS; i++) {
      float value = numbers[at + i] * inverse;
      int away = (int) Math.floor(Math.abs((double) value) + 0.5); // roundf: halves away from zero
      blocks[to + 2 + i] = (byte) (value < 0 ? -away : away);
    }
  }
}
