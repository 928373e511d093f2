package dev.graft.weights;

import java.util.Arrays;

/**
 * bitsandbytes' signed 8-bit "dynamic" type (Dettmers 2015): 256 numbers in [-1, 1], the finer the
 * smaller, in which double quantisation keeps the scales of 4-bit blocks.
 */
final class DynamicMap {
  private static final int EXPONENTS = 7;

  /** bitsandbytes looks the nearest number up in so many equal steps of [-1, 1]. */
  private static final int STEPS = 65536;

  private static final float[] NUMBERS = numbers();
  private static final byte[] NEAREST = nearest();

  private DynamicMap() {}

  /** Ascending. */
  static float[] values() {
    return NUMBERS.clone();
  }

  /** Index of about the nearest number to one in [-1, 1]. */
  static byte code(float x) {
    float clamped = Math.clamp(x, -1f, 1f);
    return NEAREST[(int) Math.fma((clamped + 1) * 0.5f, STEPS - 1f, 0.5f)];
  }

  /** For each power of ten from 1e-6, twice as many numbers between 0.1 and 1 times that power. */
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

  /** torch.linspace(0.1, 1, pieces + 1) in f32: counted from the nearer end. */
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
