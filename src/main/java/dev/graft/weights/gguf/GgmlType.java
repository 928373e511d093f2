package dev.graft.weights.gguf;

import dev.graft.weights.Dtype;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Element types of ggml that Graft reads (ggml.h, ggml-common.h): plain numbers, or blocks of
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
          + ". Take a file of another quantisation";

  /** Makes the numbers of one block. */
  @FunctionalInterface
  interface Block {
    /**
     * @param out as many as the block has
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

  /** ggml's. */
  public int number() {
    return number;
  }

  /** What so many elements take; whole blocks. */
  public long bytes(long count) {
    return count / elements * bytes;
  }

  public boolean quantised() {
    return block != null;
  }

  /** What its numbers are once they are read: those of quantised blocks are F32. */
  public Dtype dtype() {
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
}
