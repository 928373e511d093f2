package dev.graft.weights.gguf;

import dev.graft.weights.BadModel;
import dev.graft.weights.Dtype;
import dev.graft.weights.TensorData;
import dev.graft.weights.gguf.GgmlType.ShortBlocks;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The supported element types of ggml (ggml.h, ggml-common.h): plain numbers, or blocks of
 * quantised ones.
 */
enum GgmlType {
  F32(0, 1, 4, null),
  F16(1, 1, 2, null),
  BF16(30, 1, 2, null),
  Q4_0(2, 32, 18, ShortBlocks::q40),
  Q4_1(3, 32, 20, ShortBlocks::q41),
  Q5_0(6, 32, 22, ShortBlocks::q50),
  Q5_1(7, 32, 24, ShortBlocks::q51),
  Q8_0(8, 32, 34, ShortBlocks::q80),
  Q4_K(12, 256, 144, SuperBlocks::q4k),
  Q5_K(13, 256, 176, SuperBlocks::q5k),
  Q6_K(14, 256, 210, SuperBlocks::q6k);

  static final String SUPPORTED =
      "; supported: "
          + Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(", "))
          + ". Use a file with another quantisation";

  /** Dequantises one block. */
  @FunctionalInterface
  interface Block {
    /**
     * @param out receives the numbers of the block
     */
    void dequantise(byte[] block, float[] out);
  }

  private final int number;
  final int elements;
  final int bytes;
  private final @Nullable Block block;

  GgmlType(int number, int elements, int bytes, @Nullable Block block) {
    this.number = number;
    this.elements = elements;
    this.bytes = bytes;
    this.block = block;
  }

  static @Nullable GgmlType numbered(int number) {
    return Arrays.stream(values()).filter(each -> each.number == number).findFirst().orElse(null);
  }

  /** Returns ggml's number of the type. */
  int number() {
    return number;
  }

  /** Returns the bytes of elements in whole blocks. */
  long bytes(long count) {
    return count / elements * bytes;
  }

  boolean quantised() {
    return block != null;
  }

  /** Returns the type of the numbers when they are read: F32 for quantised blocks. */
  Dtype dtype() {
    return switch (this) {
      case F16 -> Dtype.F16;
      case BF16 -> Dtype.BF16;
      default -> Dtype.F32;
    };
  }

  Block block() {
    if (block == null) throw new IllegalStateException(this + " is not quantised");
    return block;
  }

  /** Quantised blocks as F32, dequantised when they are copied. */
  record Dequantised(GgmlType type, MemorySegment blocks) implements TensorData {

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
        MemorySegment.copy(
            blocks, ValueLayout.JAVA_BYTE, begin * type.bytes, block, 0, block.length);
        type.block().dequantise(block, numbers);
        int taken = (int) Math.min(type.elements - skipped, count - done);
        MemorySegment.copy(numbers, skipped, into, FLOAT, done * Float.BYTES, taken);
        done += taken;
      }
    }
  }

  /**
   * Blocks of 32 numbers with an F16 scale and perhaps a minimum, as in ggml-quants.c; the low four
   * bits have the first half, the high ones the second.
   */
  static final class ShortBlocks {
    private static final int HALF = 16;

    private ShortBlocks() {}

    static void q40(byte[] block, float[] out) {
      float d = half(block, 0);
      for (int i = 0; i < HALF; i++) {
        int pair = block[2 + i] & 0xFF;
        out[i] = d * ((pair & 0xF) - 8);
        out[HALF + i] = d * ((pair >> 4) - 8);
      }
    }

    static void q41(byte[] block, float[] out) {
      float d = half(block, 0);
      float min = half(block, 2);
      for (int i = 0; i < HALF; i++) {
        int pair = block[4 + i] & 0xFF;
        out[i] = d * (pair & 0xF) + min;
        out[HALF + i] = d * (pair >> 4) + min;
      }
    }

    static void q50(byte[] block, float[] out) {
      float d = half(block, 0);
      for (int i = 0; i < 2 * HALF; i++) out[i] = d * (five(block, 2, i) - 16);
    }

    static void q51(byte[] block, float[] out) {
      float d = half(block, 0);
      float min = half(block, 2);
      for (int i = 0; i < 2 * HALF; i++) out[i] = d * five(block, 4, i) + min;
    }

    static void q80(byte[] block, float[] out) {
      float d = half(block, 0);
      for (int i = 0; i < 2 * HALF; i++) out[i] = d * block[2 + i];
    }

    /** Returns four bits, and the fifth from the 32 at {@code at}. */
    private static int five(byte[] block, int at, int i) {
      int high = block[at + i / 8] >> (i % 8) & 1;
      int pair = block[at + 4 + i % HALF] & 0xFF;
      return (i < HALF ? pair & 0xF : pair >> 4) | high << 4;
    }

    static float half(byte[] block, int at) {
      return Float.float16ToFloat((short) (block[at] & 0xFF | block[at + 1] << 8));
    }
  }

  /** Blocks of 256 numbers in groups with quantised scales, as in ggml-quants.c. */
  static final class SuperBlocks {
    private static final int GROUPS = 8;
    private static final int GROUP = 32;

    private SuperBlocks() {}

    static void q4k(byte[] block, float[] out) {
      for (int group = 0; group < GROUPS; group++) {
        float d = ShortBlocks.half(block, 0) * scale(block, group);
        float min = ShortBlocks.half(block, 2) * minimum(block, group);
        for (int i = 0; i < GROUP; i++) {
          out[group * GROUP + i] = d * four(block, 16, group, i) - min;
        }
      }
    }

    static void q5k(byte[] block, float[] out) {
      for (int group = 0; group < GROUPS; group++) {
        float d = ShortBlocks.half(block, 0) * scale(block, group);
        float min = ShortBlocks.half(block, 2) * minimum(block, group);
        for (int i = 0; i < GROUP; i++) {
          int q = four(block, 48, group, i) | (block[16 + i] >> group & 1) << 4;
          out[group * GROUP + i] = d * q - min;
        }
      }
    }

    static void q6k(byte[] block, float[] out) {
      float d = ShortBlocks.half(block, 208);
      for (int i = 0; i < GROUPS * GROUP; i++) {
        int part = i / 128;
        int at = i % 128;
        int low = block[part * 64 + at % 64] >> at / 64 * 4 & 0xF;
        int high = block[128 + part * GROUP + at % GROUP] >> at / GROUP * 2 & 3;
        out[i] = d * block[192 + i / 16] * ((low | high << 4) - 32);
      }
    }

    /** Returns four bits; two groups share their bytes, and the first has the low bits. */
    private static int four(byte[] block, int at, int group, int i) {
      return block[at + group / 2 * GROUP + i] >> group % 2 * 4 & 0xF;
    }

    /**
     * Returns six bits of the twelve bytes from 4; earlier bytes have the upper two of later
     * groups.
     */
    private static int scale(byte[] block, int group) {
      if (group < 4) return block[4 + group] & 0x3F;
      return block[8 + group] & 0xF | block[group] >> 2 & 0x30;
    }

    private static int minimum(byte[] block, int group) {
      if (group < 4) return block[8 + group] & 0x3F;
      return block[8 + group] >> 4 & 0xF | block[4 + group] >> 2 & 0x30;
    }
  }

  /**
   * F32 as blocks of Q8_0, quantised when they are copied: an F16 scale and 32 bytes, rounded like
   * {@code quantize_row_q8_0_ref} of ggml-quants.c.
   *
   * @param name name of the tensor, for messages
   */
  record Q8Blocks(String name, TensorData floats) implements TensorData {
    private static final int NUMBERS = 32;
    private static final int BYTES = 2 + NUMBERS;

    /** Blocks that are quantised at once. */
    private static final int PIECE = 1 << 11;

    @Override
    public long byteSize() {
      return floats.byteSize() / (NUMBERS * Float.BYTES) * BYTES;
    }

    /** Copies any range of bytes, because slices of a file need not be whole blocks. */
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
        throw new BadModel(
            "tensor " + name + " contains a number outside of the range of Q8_0: " + largest);
      }
      blocks[to] = (byte) half;
      blocks[to + 1] = (byte) (half >> 8);
      float inverse = scale == 0 ? 0 : 1 / scale;
      for (int i = 0; i < NUMBERS; i++) {
        float value = numbers[at + i] * inverse;
        int away =
            (int) Math.floor(Math.abs((double) value) + 0.5); // roundf: halves away from zero
        blocks[to + 2 + i] = (byte) (value < 0 ? -away : away);
      }
    }
  }
}
