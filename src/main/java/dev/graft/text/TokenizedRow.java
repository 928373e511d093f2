package dev.graft.text;

import java.util.Arrays;

/**
 * A row as tokens.
 *
 * @param line where it stands in its file
 * @param labels as long as ids: the id itself where the token is trained, else {@link #IGNORE}
 */
public record TokenizedRow(long line, int[] ids, int[] labels) {
  public static final int IGNORE = -100;

  /** The first tokens only. */
  public TokenizedRow truncated(int maxLength) {
    return ids.length <= maxLength
        ? this
        : new TokenizedRow(line, Arrays.copyOf(ids, maxLength), Arrays.copyOf(labels, maxLength));
  }

  public boolean trains() {
    for (int label : labels) {
      if (label != IGNORE) return true;
    }
    return false;
  }
}
