package dev.graft.training.model.forward;

import dev.graft.training.batch.TokenBatch;
import java.util.Arrays;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Rows of tokens laid out as one matrix, padded on the right with token 0, and what they predict.
 *
 * @param tokens of a row, virtual ones in front included
 * @param virtual those that are not in ids
 * @param lengths tokens of each row without virtual ones and padding
 * @param ids (rows x (tokens - virtual))
 * @param segments (rows x tokens), 0 = padding; null = every row is one text
 * @param positions of the outputs that predict something, as indices into (rows x tokens)
 * @param targets the tokens they should predict
 */
public record PaddedBatch(
    int tokens,
    int virtual,
    int[] lengths,
    long[] ids,
    long @Nullable [] segments,
    long[] positions,
    long[] targets) {
  /**
   * @throws IllegalArgumentException if rows are empty or differ from their labels, or an id is not
   *     in the vocabulary
   */
  public static PaddedBatch of(TokenBatch batch, int vocabulary, int virtual) {
    int[][] labels = batch.labels();
    requireSameLengths(batch.inputIds(), labels, "labels");
    int[][] segments = batch.segments();
    if (segments != null) requireSameLengths(batch.inputIds(), segments, "segments");
    PaddedBatch rows = of(batch.inputIds(), vocabulary, virtual);
    int width = rows.tokens();
    long[] positions = new long[(int) batch.targets()];
    long[] targets = new long[positions.length];
    int count = 0;
    for (int r = 0; r < labels.length; r++) {
      for (int t = 1; t < labels[r].length; t++) {
        if (labels[r][t] == TokenBatch.IGNORE) continue;
        positions[count] = (long) r * width + virtual + t - 1;
        targets[count++] = checked(labels[r][t], vocabulary);
      }
    }
    long[] padded = segments == null ? null : padded(segments, width);
    return new PaddedBatch(width, virtual, rows.lengths(), rows.ids(), padded, positions, targets);
  }

  /** Rows without targets. */
  public static PaddedBatch of(int[][] inputIds, int vocabulary, int virtual) {
    int[] lengths = Arrays.stream(inputIds).mapToInt(row -> row.length).toArray();
    int width = Arrays.stream(lengths).max().orElse(0);
    if (width == 0) throw new IllegalArgumentException("a micro-batch has no tokens");
    for (int[] row : inputIds) for (int id : row) checked(id, vocabulary);
    return new PaddedBatch(
        width + virtual, virtual, lengths, padded(inputIds, width), null, new long[0], new long[0]);
  }

  public int rows() {
    return lengths.length;
  }

  /** Indices of all positions, without those of virtual tokens. */
  public long[] everyPosition() {
    return LongStream.range(0, size()).filter(i -> i % tokens >= virtual).toArray();
  }

  /** Positions of all rows together. */
  int size() {
    return Math.multiplyExact(rows(), tokens);
  }

  /** The segments, or 1 for tokens and 0 for padding. */
  long[] segmentsOrPadding() {
    if (segments != null) return segments;
    long[] real = new long[size()];
    for (int r = 0; r < rows(); r++) {
      Arrays.fill(real, r * tokens, r * tokens + virtual + lengths[r], 1);
    }
    return real;
  }

  /** Counted from {@code first} in each row, and again in each segment. */
  long[] learnedPositions(int first) {
    long[] learned = new long[size()];
    for (int i = 0; i < learned.length; i++) {
      boolean begins = i % tokens == 0 || (segments != null && segments[i] != segments[i - 1]);
      learned[i] = begins ? first : learned[i - 1] + 1;
    }
    return learned;
  }

  /** Largest position + 1: the padded width, or the longest segment. */
  int longestText() {
    return (int) Arrays.stream(learnedPositions(0)).max().orElse(-1) + 1;
  }

  private static long[] padded(int[][] rows, int width) {
    long[] all = new long[Math.multiplyExact(rows.length, width)];
    for (int r = 0; r < rows.length; r++) {
      for (int t = 0; t < rows[r].length; t++) all[r * width + t] = rows[r][t];
    }
    return all;
  }

  private static void requireSameLengths(int[][] rows, int[][] others, String what) {
    if (rows.length != others.length) {
      throw new IllegalArgumentException("a micro-batch needs " + what + " for each row");
    }
    for (int r = 0; r < rows.length; r++) {
      if (rows[r].length != others[r].length) {
        throw new IllegalArgumentException(
            "row %d has not as many %s as tokens".formatted(r, what));
      }
    }
  }

  private static long checked(int id, int vocabulary) {
    if (id < 0 || id >= vocabulary) {
      throw new IllegalArgumentException(
          "token id %d is not in the model's vocabulary of %d".formatted(id, vocabulary));
    }
    return id;
  }
}
