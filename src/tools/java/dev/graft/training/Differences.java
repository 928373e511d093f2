package dev.graft.training;

import java.util.Arrays;

/** Largest differences; infinite when the sizes differ, NaN when a number is. */
final class Differences {
  private Differences() {}

  static double absolute(double[] expected, double[] actual) {
    return largest(expected, actual, false);
  }

  static double relative(double[] expected, double[] actual) {
    return largest(expected, actual, true);
  }

  private static double largest(double[] expected, double[] actual, boolean relative) {
    if (expected.length != actual.length) return Double.POSITIVE_INFINITY;
    double largest = 0;
    for (int i = 0; i < expected.length; i++) {
      double difference = Math.abs(expected[i] - actual[i]);
      largest = Math.max(largest, relative ? difference / Math.abs(expected[i]) : difference);
    }
    return largest;
  }

  /** Of logits (row)(token)(vocabulary), where the mask is 1. */
  static double logits(float[] expected, float[][][] actual, int[][] mask) {
    int tokens = mask[0].length;
    int vocabulary = actual[0][0].length;
    double largest = 0;
    for (int r = 0; r < mask.length; r++) {
      for (int t = 0; t < tokens; t++) {
        if (mask[r][t] == 0) continue;
        for (int v = 0; v < vocabulary; v++) {
          float other = expected[(r * tokens + t) * vocabulary + v];
          largest = Math.max(largest, Math.abs((double) other - actual[r][t][v]));
        }
      }
    }
    return largest;
  }

  /** 1 minus the cosine of the angle between two f32 tensors; 0 where they are equal. */
  static double angle(float[] a, float[] b) {
    if (Arrays.equals(a, b)) return 0;
    if (a.length != b.length) return Double.POSITIVE_INFINITY;
    double dot = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      double x = a[i];
      double y = b[i];
      dot += x * y;
      aa += x * x;
      bb += y * y;
    }
    double norms = Math.sqrt(aa) * Math.sqrt(bb);
    return norms == 0 ? 1 : 1 - dot / norms;
  }
}
