package dev.graft.text;

import dev.graft.spec.Hyperparameters.TruncationMode;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * How rows that are too long are truncated.
 *
 * @param maxLength maximum tokens of a row
 */
public record Truncation(TruncationMode mode, int maxLength) {
  /** Does not truncate. */
  public static final Truncation NONE =
      new Truncation(TruncationMode.KEEP_START, Integer.MAX_VALUE);

  /**
   * @param answer start of the part that {@code split_budget} keeps; 0 = there is none
   * @param system tokens at the beginning that it also keeps
   * @return the row; without tokens if the answer alone is too long
   * @throws RowTokenizer.RowRejected if the row is too long and must not or cannot be cut
   */
  TokenizedRow applied(TokenizedRow row, int answer, IntSupplier system) {
    return applied(row, answer, system, row.ids().length);
  }

  /**
   * @param longest tokens of the longer side of a pair: {@code split_budget} removes the same
   *     tokens from both, so that they keep the same prompt
   */
  TokenizedRow applied(TokenizedRow row, int answer, IntSupplier system, int longest) {
    int length = mode == TruncationMode.SPLIT_BUDGET ? longest : row.ids().length;
    if (length <= maxLength) return row;
    return switch (mode) {
      case KEEP_START -> parts(row, maxLength, length);
      case KEEP_END -> parts(row, 0, length - maxLength);
      case SPLIT_BUDGET -> {
        if (answer == 0) {
          throw new RowTokenizer.RowRejected(
              row.line(), tooLong(length) + ", and the row has no prompt for split_budget to cut");
        }
        int kept = Math.min(system.getAsInt(), answer);
        int room = maxLength - kept - (length - answer);
        yield room < 0 ? parts(row, 0, row.ids().length) : parts(row, kept, answer - room);
      }
      case REFUSE -> throw new RowTokenizer.RowRejected(row.line(), tooLong(length));
    };
  }

  private String tooLong(int length) {
    return "is %d tokens long, but max_length is %d".formatted(length, maxLength);
  }

  /** Returns the row without its tokens from..to. */
  private static TokenizedRow parts(TokenizedRow row, int from, int to) {
    return new TokenizedRow(
        row.line(), without(row.ids(), from, to), without(row.labels(), from, to), true);
  }

  private static int[] without(int[] tokens, int from, int to) {
    int[] left = Arrays.copyOf(tokens, tokens.length - (to - from));
    System.arraycopy(tokens, to, left, from, tokens.length - to);
    return left;
  }
}
