package dev.graft.weights;

import java.util.stream.IntStream;

/**
 * A weight in 4 bits an element, as bitsandbytes stores it: the flattened tensor in blocks, each
 * with the largest magnitude in it, and two codes a byte, the first in the high half.
 *
 * @param dtype element type of the weight before, to which its numbers are rounded again
 * @param shape of the weight
 * @param packed ceil(elements / 2) bytes; an odd last half stands for zero
 * @param levels the number of each of the sixteen codes
 */
public record FourBitTensor(
    FourBitType type,
    Dtype dtype,
    long[] shape,
    int blockSize,
    byte[] packed,
    float[] levels,
    BlockScales absmax)
    implements StoredWeight {
  /** Elements of a block. */
  public static final int BLOCK = 64;

  /** Elements that one thread quantises at a time; whole blocks. */
  private static final int CHUNK = 1 << 16;

  /** bitsandbytes divides by no less. */
  private static final float SMALLEST = 1e-38f;

  /**
   * @param nested double quantisation: the scales in 8 bits
   * @throws BadModel if the weight is not floating point, or holds infinity or NaN
   */
  public static FourBitTensor quantise(MappedTensor weight, FourBitType type, boolean nested) {
    Weights.floating(weight);
    return quantise(weight.info(), weight::copyTo, type, nested);
  }

  /** The same for numbers in memory, which count as f32. */
  public static FourBitTensor quantise(
      TensorInfo info, float[] values, FourBitType type, boolean nested) {
    return quantise(
        info,
        (out, from) -> System.arraycopy(values, (int) from, out, 0, out.length),
        type,
        nested);
  }

  private static FourBitTensor quantise(
      TensorInfo info, Elements source, FourBitType type, boolean nested) {
    long size = info.elements();
    if (size == 0 || size > BLOCK * (long) (Integer.MAX_VALUE / BLOCK)) {
      throw new BadModel("tensor " + info.name() + " of " + size + " elements cannot be quantised");
    }
    byte[] packed = new byte[Math.toIntExact(Math.ceilDiv(size, 2L))];
    float[] absmax = new float[Math.toIntExact(Math.ceilDiv(size, (long) BLOCK))];
    IntStream.range(0, Math.toIntExact(Math.ceilDiv(size, (long) CHUNK)))
        .parallel()
        .forEach(
            chunk -> {
              long from = (long) chunk * CHUNK;
              float[] x = new float[(int) Math.min(CHUNK, size - from)];
              source.copyTo(x, from);
              for (int start = 0; start < x.length; start += BLOCK) {
                int block = (int) ((from + start) / BLOCK);
                absmax[block] = scale(x, start, info.name());
                pack(x, start, absmax[block], type, packed, (int) ((from + start) / 2));
              }
            });
    BlockScales scales = nested ? BlockScales.Nested.of(absmax) : new BlockScales.Plain(absmax);
    return new FourBitTensor(
        type, info.dtype(), info.shape(), BLOCK, packed, type.levels(), scales);
  }

  private static float scale(float[] x, int start, String name) {
    int end = Math.min(start + BLOCK, x.length);
    float largest = 0;
    for (int i = start; i < end; i++) largest = Math.max(largest, Math.abs(x[i]));
    if (!Float.isFinite(largest)) {
      throw new BadModel("tensor " + name + " holds infinity or NaN and cannot be quantised");
    }
    return end - start == BLOCK ? largest : Math.max(largest, SMALLEST);
  }

  /** A whole block is multiplied by the reciprocal, a shorter last one divided, as the origin. */
  private static void pack(
      float[] x, int start, float absmax, FourBitType type, byte[] packed, int at) {
    int length = Math.min(BLOCK, x.length - start);
    float reciprocal = 1 / Math.max(absmax, SMALLEST);
    for (int i = 0; i < length; i += 2) {
      float first = x[start + i];
      float second = i + 1 < length ? x[start + i + 1] : 0;
      int high = type.code(length == BLOCK ? first * reciprocal : first / absmax);
      int low = type.code(length == BLOCK ? second * reciprocal : second / absmax);
      packed[at + i / 2] = (byte) (high << 4 | low);
    }
  }

  /** The two numbers of each byte, before they are scaled: 256 pairs. */
  public float[] pairs() {
    float[] pairs = new float[512];
    for (int i = 0; i < 256; i++) {
      pairs[2 * i] = levels[i >> 4];
      pairs[2 * i + 1] = levels[i & 15];
    }
    return pairs;
  }

  /** The weight that computation uses: level times scale in f32, rounded to the type before. */
  @Override
  public float[] toFloats() {
    long size = new TensorInfo("", dtype, shape).elements();
    float[] scales = absmax.values();
    float[] weight = new float[Math.toIntExact(size)];
    for (int i = 0; i < weight.length; i++) {
      int code = i % 2 == 0 ? packed[i / 2] >> 4 & 15 : packed[i / 2] & 15;
      weight[i] = dtype.round(levels[code] * scales[i / blockSize]);
    }
    return weight;
  }
}
