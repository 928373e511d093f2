package dev.graft.training.parity;

import java.util.Arrays;

/** Padding on the right, as the reference stores its rows. */
final class Padding {
  private Padding() {}

  /** Each row up to its last token with mask 1. */
  static int[][] cut(int[][] rows, int[][] mask) {
    int[][] cut = new int[rows.length][];
    for (int r = 0; r < rows.length; r++) {
      int length = rows[r].length;
      while (length > 0 && mask[r][length - 1] == 0) length--;
      cut[r] = Arrays.copyOf(rows[r], length);
    }
    return cut;
  }
}
