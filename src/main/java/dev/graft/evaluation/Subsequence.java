package dev.graft.evaluation;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Longest common subsequences, 64 elements at a time (Hyyrö 2004). */
final class Subsequence {
  private Subsequence() {}

  /** Twice the length of the longest common subsequence by both lengths; 1 where both are empty. */
  static <T> double ratio(List<T> one, List<T> other) {
    int all = one.size() + other.size();
    return all == 0 ? 1 : 2.0 * length(one, other) / all;
  }

  /** A zero bit of {@code rows} is a place where the length grows. */
  static <T> int length(List<T> one, List<T> other) {
    int words = (one.size() + 63) / 64;
    Map<T, long[]> places = new HashMap<>();
    for (int i = 0; i < one.size(); i++) {
      places.computeIfAbsent(one.get(i), each -> new long[words])[i / 64] |= 1L << i % 64;
    }
    long[] rows = new long[words];
    Arrays.fill(rows, -1);
    for (T each : other) {
      long[] matches = places.get(each);
      if (matches != null) step(rows, matches);
    }
    int grown = 0;
    for (long each : rows) grown += Long.bitCount(~each);
    return grown;
  }

  /** rows = (rows + (rows and matches)) or (rows and not matches), over all words. */
  private static void step(long[] rows, long[] matches) {
    long carry = 0;
    for (int i = 0; i < rows.length; i++) {
      long hit = rows[i] & matches[i];
      long sum = rows[i] + hit;
      long more = sum + carry;
      boolean over = Long.compareUnsigned(sum, hit) < 0 || Long.compareUnsigned(more, carry) < 0;
      rows[i] = more | (rows[i] & ~matches[i]);
      carry = over ? 1 : 0;
    }
  }
}
