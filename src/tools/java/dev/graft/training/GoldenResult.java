package dev.graft.training;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The result of a golden case.
 *
 * @param measures largest differences from the reference, empty if skipped
 * @param skipped why the case was not run, or null
 */
public record GoldenResult(String name, List<Measure> measures, @Nullable String skipped) {
  /** A difference and its tolerance. */
  public record Measure(String what, double difference, double limit) {
    public boolean passed() {
      return difference <= limit; // NaN fails
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "%s%s %.1e/%.0e", passed() ? "" : "FAIL ", what, difference, limit);
    }
  }

  public GoldenResult {
    measures = List.copyOf(measures);
  }

  public boolean passed() {
    return skipped == null && measures.stream().allMatch(Measure::passed);
  }

  /** One line. */
  @Override
  public String toString() {
    if (skipped != null) return "%-32s skipped: %s".formatted(name, skipped);
    return "%-32s %s  %s"
        .formatted(
            name,
            passed() ? "passed" : "FAILED",
            measures.stream().map(Measure::toString).collect(Collectors.joining(", ")));
  }

  public static final class Collector {
    private final List<Measure> measures = new ArrayList<>();

    public void add(String what, double difference, double limit) {
      measures.add(new Measure(what, difference, limit));
    }

    /** A check that passes or fails. */
    public void require(String what, boolean right) {
      add(what, right ? 0 : 1, 0);
    }

    public List<Measure> measures() {
      return measures;
    }
  }

  /** Largest differences; infinite when the sizes differ, NaN when a number is. */
  static final class Differences {
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

    static double absolute(float[] expected, float[] actual) {
      if (expected.length != actual.length) return Double.POSITIVE_INFINITY;
      double largest = 0;
      for (int i = 0; i < expected.length; i++) {
        largest = Math.max(largest, Math.abs((double) expected[i] - actual[i]));
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

  /** A golden case needs something that is not implemented yet. */
  static final class Unsupported extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public Unsupported(String what) {
      super(what);
    }
  }
}
