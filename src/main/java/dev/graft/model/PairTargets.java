package dev.graft.model;

import java.util.Arrays;

/**
 * Whose the targets of a batch of pairs are. Its rows are all chosen ones, then all rejected ones.
 *
 * @param pairs of the batch
 * @param row of each target
 * @param completion whether a target is part of a completion; with ORPO others are targets too
 */
record PairTargets(int pairs, int[] row, boolean[] completion) {
  /**
   * @param rows those of the batch, with these targets or more
   */
  public static PairTargets of(PairBatch batch, TokenLayout rows) {
    int[][] labels = batch.rows().labels();
    int[] row = new int[rows.targets().length];
    boolean[] completion = new boolean[row.length];
    for (int i = 0; i < row.length; i++) {
      row[i] = rows.targets()[i].row();
      completion[i] = labels[row[i]][rows.targets()[i].place()] != TokenBatch.IGNORE;
    }
    return new PairTargets(batch.pairs(), row, completion);
  }

  int count() {
    return row.length;
  }

  boolean chosen(int target) {
    return row[target] < pairs;
  }

  /** The pair that a target belongs to. */
  int pair(int target) {
    return row[target] % pairs;
  }

  /** Sums over the completions. */
  public PairLogps logps(TokenScores scores) {
    double[] sums = new double[2 * pairs];
    for (int i = 0; i < row.length; i++) if (completion[i]) sums[row[i]] += scores.logps()[i];
    return new PairLogps(Arrays.copyOf(sums, pairs), Arrays.copyOfRange(sums, pairs, sums.length));
  }

  /**
   * The targets of each completion, the chosen ones first: (2 pairs, longest). A shorter completion
   * has the place behind the last target, too.
   */
  long[] places() {
    int longest = 0;
    for (boolean side : new boolean[] {true, false}) {
      longest = Math.max(longest, Arrays.stream(tokens(side)).max().orElse(0));
    }
    long[] places = new long[2 * pairs * longest];
    Arrays.fill(places, count());
    int[] filled = new int[2 * pairs];
    for (int i = 0; i < row.length; i++) {
      if (completion[i]) places[row[i] * longest + filled[row[i]]++] = i;
    }
    return places;
  }

  /** The completion that each target is part of; behind the last, where it is part of none. */
  long[] owners() {
    long[] owners = new long[row.length];
    for (int i = 0; i < row.length; i++) owners[i] = completion[i] ? row[i] : 2L * pairs;
    return owners;
  }

  /** Tokens of the completions of one side. */
  int[] tokens(boolean chosen) {
    int[] tokens = new int[pairs];
    for (int i = 0; i < row.length; i++) {
      if (completion[i] && chosen(i) == chosen) tokens[pair(i)]++;
    }
    return tokens;
  }
}
