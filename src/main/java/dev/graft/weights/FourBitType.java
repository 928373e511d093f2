package dev.graft.weights;

import java.util.Comparator;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The sixteen numbers a 4-bit code can stand for, and the choice among them, as bitsandbytes has
 * them. NF4 (Dettmers et al. 2023, QLoRA) are quantiles of a normal distribution; FP4 are floating
 * point numbers of two exponent bits and one mantissa bit, over 12.
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

  /** Codes by their numbers; FP4 has two for zero. */
  private final int[] ascending;

  /** Middle of each pair of neighbours, rounded to f32. */
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

  /** Its name in bitsandbytes' and transformers' settings. */
  public String quantType() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The number of each code. */
  public float[] levels() {
    return levels.clone();
  }

  /** Code of the level nearest to a number in [-1, 1]; a number in the middle goes down. */
  public int code(float x) {
    int i = x > bounds[7] ? 8 : 0;
    i += x > bounds[i + 3] ? 4 : 0;
    i += x > bounds[i + 1] ? 2 : 0;
    i += x > bounds[i] ? 1 : 0;
    return ascending[i];
  }
}
