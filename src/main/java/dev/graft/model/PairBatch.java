package dev.graft.model;

import java.util.Arrays;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Pairs of a chosen and a rejected text. The loss is a mean over the pairs, so a window of several
 * batches is divided by their number.
 *
 * @param chosen row i belongs to row i of the rejected ones; labels are on the completion
 * @param reference what the reference gives for the pairs; null where the loss needs none
 * @param whole what the means of its losses are over
 */
public record PairBatch(
    TokenBatch chosen, TokenBatch rejected, @Nullable PairLogps reference, Whole whole)
    implements MicroBatch {
  /**
   * A micro-batch that a batch of pairs is, or is part of.
   *
   * @param pairs of it
   * @param chosenText tokens of the chosen texts that others come before
   */
  public record Whole(int pairs, long chosenText) {
    static Whole of(TokenBatch chosen) {
      long tokens = 0;
      for (int[] row : chosen.inputIds()) tokens += Math.max(0, row.length - 1);
      return new Whole(chosen.inputIds().length, tokens);
    }
  }

  public PairBatch {
    if (chosen.inputIds().length != rejected.inputIds().length) {
      throw new IllegalArgumentException("a chosen text lacks its rejected one");
    }
    if (chosen.segments() != null || rejected.segments() != null) {
      throw new IllegalArgumentException("pairs cannot be packed");
    }
    if (reference != null && reference.chosen().length != chosen.inputIds().length) {
      throw new IllegalArgumentException("the reference is that of other pairs");
    }
  }

  /** Pairs whose reference is not known. */
  public PairBatch(TokenBatch chosen, TokenBatch rejected) {
    this(chosen, rejected, null, Whole.of(chosen));
  }

  /** The same pairs, measured from what a reference gives for them. */
  public PairBatch measuredFrom(PairLogps logps) {
    return new PairBatch(chosen, rejected, logps, whole);
  }

  public int pairs() {
    return chosen.inputIds().length;
  }

  /** The chosen rows, then the rejected ones. */
  public TokenBatch rows() {
    return new TokenBatch(
        joined(chosen.inputIds(), rejected.inputIds()),
        joined(chosen.labels(), rejected.labels()),
        null,
        Math.max(chosen.width(), rejected.width()));
  }

  private static int[][] joined(int[][] first, int[][] second) {
    return Stream.concat(Arrays.stream(first), Arrays.stream(second)).toArray(int[][]::new);
  }

  @Override
  public int[][] inputIds() {
    return joined(chosen.inputIds(), rejected.inputIds());
  }

  @Override
  public int size() {
    return pairs();
  }

  @Override
  public PairBatch part(int from, int to) {
    return new PairBatch(
        chosen.part(from, to),
        rejected.part(from, to),
        reference == null ? null : reference.part(from, to),
        whole);
  }

  /** One mean. */
  @Override
  public long targets() {
    return pairs() == 0 ? 0 : 1;
  }
}
