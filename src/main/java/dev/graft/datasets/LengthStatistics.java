package dev.graft.datasets;

import java.util.Arrays;

/** Lengths of something in all rows. */
final class LengthStatistics {
  private int[] lengths = new int[256];
  private int size;

  /** The longest is the last of the 100 parts. */
  public record Summary(int median, int p95, int max) {}

  void add(int length) {
    if (size == lengths.length) lengths = Arrays.copyOf(lengths, size * 2);
    lengths[size++] = length;
  }

  Summary summary() {
    if (size == 0) return new Summary(0, 0, 0);
    int[] sorted = Arrays.copyOf(lengths, size);
    Arrays.sort(sorted);
    return new Summary(sorted[(size - 1) / 2], sorted[(size - 1) * 95 / 100], sorted[size - 1]);
  }
}
