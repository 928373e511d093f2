package dev.graft.model;

import dev.graft.model.MicroBatch.TokenBatch;
import dev.graft.text.TokenizedRow;
import java.util.Arrays;
import java.util.stream.DoubleStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Token rows for one forward pass; rows may differ in length.
 *
 * <p>{@link #inputIds} is (rows)(tokens).
 */
public sealed interface MicroBatch {
  int[][] inputIds();

  /**
   * Returns the number of targets that the loss sums over; their sum over the window is the
   * divisor.
   */
  long targets();

  /** Returns the number of rows, or pairs, that can be computed separately. */
  int size();

  /**
   * Returns some of the rows or pairs as a part of the whole, with its width and number of pairs;
   * the losses of all parts add up to that of the whole.
   */
  MicroBatch part(int from, int to);

  /**
   * Rows whose tokens are to be predicted.
   *
   * @param inputIds (rows)(tokens)
   * @param labels same shape; -100 where a token is not trained; labels[b][t] is the target of
   *     position t-1
   * @param segments same shape: from 1; a token sees only tokens of its own segment, and positions
   *     start again with each; null = every row is one text
   * @param width width of a rectangle of the rows in tokens, which {@code dynamic} rope, for
   *     instance, depends on as in transformers. No padding is computed
   */
  public record TokenBatch(int[][] inputIds, int[][] labels, int @Nullable [][] segments, int width)
      implements MicroBatch {
    public static final int IGNORE = TokenizedRow.IGNORE;

    /** A batch as wide as its longest row. */
    public TokenBatch(int[][] inputIds, int[][] labels, int @Nullable [][] segments) {
      this(
          inputIds,
          labels,
          segments,
          Arrays.stream(inputIds).mapToInt(row -> row.length).max().orElse(0));
    }

    /** Rows of one text each. */
    public TokenBatch(int[][] inputIds, int[][] labels) {
      this(inputIds, labels, null);
    }

    /** Returns the labels that are not {@link #IGNORE} and at position 1 or later. */
    @Override
    public long targets() {
      long count = 0;
      for (int[] row : labels) {
        for (int t = 1; t < row.length; t++) {
          if (row[t] != IGNORE) count++;
        }
      }
      return count;
    }

    @Override
    public int size() {
      return inputIds.length;
    }

    @Override
    public TokenBatch part(int from, int to) {
      return new TokenBatch(
          Arrays.copyOfRange(inputIds, from, to),
          Arrays.copyOfRange(labels, from, to),
          segments == null ? null : Arrays.copyOfRange(segments, from, to),
          width);
    }
  }

  /**
   * Rows with a label each, for sequence classification and regression.
   *
   * @param inputIds (rows)(tokens)
   * @param labels (rows)(1) the class, or (rows)(labels) 0 or 1 for each, or (rows)(1) a number
   */
  public record LabelBatch(int[][] inputIds, double[][] labels) implements MicroBatch {
    @Override
    public long targets() {
      long count = 0;
      for (double[] row : labels) count += row.length;
      return count;
    }

    @Override
    public int size() {
      return inputIds.length;
    }

    @Override
    public LabelBatch part(int from, int to) {
      return new LabelBatch(
          Arrays.copyOfRange(inputIds, from, to), Arrays.copyOfRange(labels, from, to));
    }
  }

  /**
   * Log-probabilities of the completions of pairs, in nats, each summed over its tokens.
   *
   * @param chosen one per pair
   * @param rejected one per pair
   */
  public record PairLogps(double[] chosen, double[] rejected) {
    public PairLogps {
      if (chosen.length != rejected.length) {
        throw new IllegalArgumentException("each chosen text needs a rejected one");
      }
    }

    /** Returns those of some of the pairs. */
    public PairLogps part(int from, int to) {
      return new PairLogps(
          Arrays.copyOfRange(chosen, from, to), Arrays.copyOfRange(rejected, from, to));
    }

    /** Returns those of these pairs, followed by others. */
    public PairLogps then(PairLogps others) {
      return new PairLogps(joined(chosen, others.chosen), joined(rejected, others.rejected));
    }

    private static double[] joined(double[] first, double[] second) {
      return DoubleStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }
  }

  /**
   * Pairs of a chosen and a rejected text. The loss is a mean over the pairs, so a window of
   * several batches is divided by their number.
   *
   * @param chosen row i belongs to row i of the rejected ones; labels are on the completion
   * @param reference log-probabilities of the reference; null where the loss needs none
   * @param whole micro-batch that the means of the losses are over
   */
  public record PairBatch(
      TokenBatch chosen, TokenBatch rejected, @Nullable PairLogps reference, Whole whole)
      implements MicroBatch {
    /**
     * The micro-batch that a batch of pairs is a part of, or is itself.
     *
     * @param pairs of it
     * @param chosenText tokens of the chosen texts, except the first of each
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
        throw new IllegalArgumentException("each chosen text needs a rejected one");
      }
      if (chosen.segments() != null || rejected.segments() != null) {
        throw new IllegalArgumentException("pairs cannot be packed");
      }
      if (reference != null && reference.chosen().length != chosen.inputIds().length) {
        throw new IllegalArgumentException("the reference belongs to other pairs");
      }
    }

    /** Pairs whose reference is unknown. */
    public PairBatch(TokenBatch chosen, TokenBatch rejected) {
      this(chosen, rejected, null, Whole.of(chosen));
    }

    /** Returns the same pairs with the log-probabilities of a reference. */
    public PairBatch measuredFrom(PairLogps logps) {
      return new PairBatch(chosen, rejected, logps, whole);
    }

    public int pairs() {
      return chosen.inputIds().length;
    }

    /** Returns the chosen rows, followed by the rejected ones. */
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

    /** Returns 1, because the loss is one mean. */
    @Override
    public long targets() {
      return pairs() == 0 ? 0 : 1;
    }
  }
}
