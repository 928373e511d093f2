package dev.graft.weights;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * A weight with 4 bits per element, as bitsandbytes stores it: the flattened tensor in blocks, each
 * with its largest magnitude, and two codes per byte, the first in the high half.
 *
 * @param dtype element type of the original weight, to which its numbers are rounded again
 * @param shape shape of the weight
 * @param packed ceil(elements / 2) bytes; an odd last half is zero
 * @param levels the values of the sixteen codes
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
  /** Elements per block. */
  public static final int BLOCK = 64;

  /** Elements that a thread quantises at once; whole blocks. */
  private static final int CHUNK = 1 << 16;

  /** The smallest divisor of bitsandbytes. */
  private static final float SMALLEST = 1e-38f;

  /**
   * @param nested whether the scales are quantised to 8 bits (double quantisation)
   * @throws BadModel if the weight is not floating point, or contains infinity or NaN
   */
  public static FourBitTensor quantise(MappedTensor weight, FourBitType type, boolean nested) {
    Weights.floating(weight);
    return quantise(weight.info(), weight::copyTo, type, nested);
  }

  /** Quantises numbers in memory, as f32. */
  public static FourBitTensor quantise(
      TensorInfo info, float[] values, FourBitType type, boolean nested) {
    return quantise(
        info,
        (out, from) -> System.arraycopy(values, (int) from, out, 0, out.length),
        type,
        nested);
  }

  private static FourBitTensor quantise(
      TensorInfo info, StoredWeight.Elements source, FourBitType type, boolean nested) {
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
      throw new BadModel("tensor " + name + " contains infinity or NaN and cannot be quantised");
    }
    return end - start == BLOCK ? largest : Math.max(largest, SMALLEST);
  }

  /**
   * Multiplies a full block by the reciprocal, but divides a shorter last one, as bitsandbytes
   * does.
   */
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

  /** Returns the two unscaled numbers of each byte: 256 pairs. */
  public float[] pairs() {
    float[] pairs = new float[512];
    for (int i = 0; i < 256; i++) {
      pairs[2 * i] = levels[i >> 4];
      pairs[2 * i + 1] = levels[i & 15];
    }
    return pairs;
  }

  /** Returns the dequantised weight: level times scale in f32, rounded to the original type. */
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

  /**
   * The sixteen values of a 4-bit code, and the choice among them, as in bitsandbytes. NF4
   * (Dettmers et al. 2023, QLoRA) has quantiles of a normal distribution; FP4 has floating point
   * numbers with two exponent bits and one mantissa bit, divided by 12.
   */
  public enum FourBitType {
    NF4(
        -1,
        -0.6961928009986877f,
        -0.5250730514526367f,
        -0.39491748809814453f,
        -0.28444138169288635f,
        -0.18477343022823334f,
        -0.09105003625154495f,
        0,
        0.07958029955625534f,
        0.16093020141124725f,
        0.24611230194568634f,
        0.33791524171829224f,
        0.44070982933044434f,
        0.5626170039176941f,
        0.7229568362236023f,
        1),
    FP4(
        0,
        0.0625f / 12,
        8f / 12,
        1,
        4f / 12,
        6f / 12,
        2f / 12,
        3f / 12,
        0,
        -0.0625f / 12,
        -8f / 12,
        -1,
        -4f / 12,
        -6f / 12,
        -2f / 12,
        -3f / 12);

    private final float[] levels;

    /** The codes in the order of their values; FP4 has two for zero. */
    private final int[] ascending;

    /** The middle of each pair of neighbours, rounded to f32. */
    private final float[] bounds = new float[15];

    FourBitType(float... levels) {
      this.levels = levels;
      ascending =
          IntStream.range(0, levels.length)
              .boxed()
              .sorted(Comparator.comparingDouble(code -> levels[code]))
              .mapToInt(Integer::intValue)
              .toArray();
      for (int i = 0; i < bounds.length; i++) {
        bounds[i] = (levels[ascending[i]] + levels[ascending[i + 1]]) / 2;
      }
    }

    /** Returns the name in the settings of bitsandbytes and transformers. */
    public String quantType() {
      return name().toLowerCase(Locale.ROOT);
    }

    /** Returns the value of each code. */
    public float[] levels() {
      return levels.clone();
    }

    /** Returns the code of the level nearest to a number in [-1, 1]; ties go down. */
    public int code(float x) {
      int i = x > bounds[7] ? 8 : 0;
      i += x > bounds[i + 3] ? 4 : 0;
      i += x > bounds[i + 1] ? 2 : 0;
      i += x > bounds[i] ? 1 : 0;
      return ascending[i];
    }
  }

  /** The largest magnitude of each block of a 4-bit tensor, which scales its levels. */
  public sealed interface BlockScales {
    /** Block size of a double-quantised tensor's scales. */
    int NESTED_BLOCK = 256;

    /** Returns one f32 per block. */
    float[] values();

    record Plain(float[] values) implements BlockScales {}

    /**
     * Double quantisation: {@code map[code] * absmax[block of codes] + offset}.
     *
     * @param codes one per block of the tensor
     * @param map 256 numbers
     * @param absmax largest magnitude of each block of codes, after the offset
     * @param offset mean of the scales
     */
    record Nested(byte[] codes, float[] map, float[] absmax, float offset, int blockSize)
        implements BlockScales {
      public static Nested of(float[] scales) {
        float offset = CascadeSum.mean(scales);
        float[] absmax = new float[Math.ceilDiv(scales.length, NESTED_BLOCK)];
        for (int i = 0; i < scales.length; i++) {
          int block = i / NESTED_BLOCK;
          absmax[block] = Math.max(absmax[block], Math.abs(scales[i] - offset));
        }
        byte[] codes = new byte[scales.length];
        for (int i = 0; i < scales.length; i++) {
          float largest = absmax[i / NESTED_BLOCK];
          if (largest > 0) codes[i] = DynamicMap.code((scales[i] - offset) * (1 / largest));
        }
        return new Nested(codes, DynamicMap.values(), absmax, offset, NESTED_BLOCK);
      }

      @Override
      public float[] values() {
        float[] values = new float[codes.length];
        for (int i = 0; i < values.length; i++) {
          values[i] = map[codes[i] & 0xFF] * absmax[i / blockSize] + offset;
        }
        return values;
      }
    }

    /**
     * The exact f32 sum of PyTorch on a processor with eight f32 lanes and one thread: four
     * independent accumulators of vectors, each over four levels so that rounding errors grow
     * slowly. Double quantisation stores the mean of a tensor's scales, so its last bit matters.
     */
    static final class CascadeSum {
      private static final int LANES = 8;
      private static final int ROWS = 4;
      private static final int LEVELS = 4;

      private CascadeSum() {}

      static float mean(float[] x) {
        return sum(x) / x.length;
      }

      static float sum(float[] x) {
        int lanes = x.length >= LANES ? LANES : 1;
        int vectors = x.length / lanes;
        float total = 0;
        for (int i = vectors * lanes; i < x.length; i++) total += x[i];
        for (float lane : lanes(x, lanes, vectors)) total += lane;
        return total;
      }

      private static float[] lanes(float[] x, int lanes, int vectors) {
        int width = ROWS * lanes;
        int rows = vectors / ROWS;
        float[] sums = cascade(x, width, rows);
        for (int i = rows * width; i < vectors * lanes; i++) sums[i % lanes] += x[i];
        float[] folded = new float[lanes];
        for (int i = 0; i < width; i++) folded[i % lanes] += sums[i];
        return folded;
      }

      /** Returns the sums of the columns of x, as rows of {@code width}. */
      private static float[] cascade(float[] x, int width, int rows) {
        int power = Math.max(4, ceilLog2(rows) / LEVELS);
        int step = 1 << power;
        float[][] sums = new float[LEVELS][width];
        int row = 0;
        while (row + step <= rows) {
          for (int end = row + step; row < end; row++) add(sums[0], x, row * width);
          for (int level = 1; level < LEVELS; level++) {
            add(sums[level], sums[level - 1], 0);
            sums[level - 1] = new float[width];
            if ((row & (step - 1) << (level * power)) != 0) break;
          }
        }
        for (; row < rows; row++) add(sums[0], x, row * width);
        for (int level = 1; level < LEVELS; level++) add(sums[0], sums[level], 0);
        return sums[0];
      }

      private static void add(float[] into, float[] from, int at) {
        for (int i = 0; i < into.length; i++) into[i] += from[at + i];
      }

      private static int ceilLog2(int x) {
        return x <= 2 ? 1 : Integer.SIZE - Integer.numberOfLeadingZeros(x - 1);
      }
    }

    /**
     * bitsandbytes' signed 8-bit "dynamic" type (Dettmers 2015) for the scales of 4-bit blocks in
     * double quantisation: 256 numbers in [-1, 1], denser near zero.
     */
    static final class DynamicMap {
      private static final int EXPONENTS = 7;

      /** bitsandbytes looks up the nearest number in this many equal steps of [-1, 1]. */
      private static final int STEPS = 65536;

      private static final float[] NUMBERS = numbers();
      private static final byte[] NEAREST = nearest();

      private DynamicMap() {}

      static float[] values() {
        return NUMBERS.clone();
      }

      /** Returns the index of approximately the nearest number to one in [-1, 1]. */
      static byte code(float x) {
        float clamped = Math.clamp(x, -1f, 1f);
        return NEAREST[(int) Math.fma((clamped + 1) * 0.5f, STEPS - 1f, 0.5f)];
      }

      /**
       * Returns numbers between 0.1 and 1 times each power of ten from 1e-6, twice as many for
       * each.
       */
      private static float[] numbers() {
        float[] all = new float[256];
        int count = 0;
        for (int i = 0; i < EXPONENTS; i++) {
          int pieces = 1 << i;
          float scale = (float) Math.pow(10, i - (EXPONENTS - 1.0));
          for (int j = 0; j < pieces; j++) {
            float mean = (boundary(j, pieces) + boundary(j + 1, pieces)) / 2;
            all[count++] = scale * mean;
            all[count++] = -scale * mean;
          }
        }
        all[count++] = 0;
        all[count] = 1;
        Arrays.sort(all);
        return all;
      }

      /**
       * Returns a value of torch.linspace(0.1, 1, pieces + 1) in f32, counted from the nearer end.
       */
      private static float boundary(int index, int pieces) {
        float step = (1f - 0.1f) / pieces;
        int back = pieces - index;
        return index < (pieces + 1) / 2 ? Math.fma(step, index, 0.1f) : Math.fma(-step, back, 1f);
      }

      private static byte[] nearest() {
        byte[] codes = new byte[STEPS];
        int code = 0;
        for (int i = 0; i < STEPS; i++) {
          float x = -1f + 2f * i / (STEPS - 1);
          while (code < 255 && 0.5f * (NUMBERS[code] + NUMBERS[code + 1]) < x) code++;
          codes[i] = (byte) code;
        }
        return codes;
      }
    }
  }
}
