package dev.graft.datasets;

import java.util.Arrays;
import java.util.SplittableRandom;

/**
 * A sketch of a set that keeps how alike two sets are: the share of equal numbers in two sketches
 * is an estimate of the sets' Jaccard index (Broder 1997), here with a standard deviation of 0.04
 * at 0.8.
 */
record MinHash(int[] numbers) {
  static final int BANDS = 16;
  private static final int ROWS = 6;
  private static final int SIZE = BANDS * ROWS;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  /** A random function of an integer each, the same in every run. */
  private static final long[] FACTORS =
      new SplittableRandom(1997).longs(SIZE).map(factor -> factor | 1).toArray();

  static MinHash of(int[] set) {
    int[] least = new int[SIZE];
    Arrays.fill(least, Integer.MAX_VALUE);
    for (int element : set) {
      long spread = mixed(element + GOLDEN);
      for (int i = 0; i < SIZE; i++) {
        least[i] = Math.min(least[i], (int) (spread * FACTORS[i] >>> 33));
      }
    }
    return new MinHash(least);
  }

  /** Sets of a Jaccard index of 0.8 have some band in common in 99 of 100 cases. */
  long band(int band) {
    long hash = band;
    for (int i = band * ROWS; i < (band + 1) * ROWS; i++)
      hash = mixed(hash * 31 + numbers[i] + GOLDEN);
    return hash;
  }

  double likeness(MinHash other) {
    int equal = 0;
    for (int i = 0; i < SIZE; i++) if (numbers[i] == other.numbers[i]) equal++;
    return (double) equal / SIZE;
  }

  /** The finaliser of SplitMix64. */
  private static long mixed(long value) {
    long z = (value ^ value >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }
}
