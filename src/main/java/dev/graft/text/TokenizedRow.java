package dev.graft.text;

/**
 * A row as tokens.
 *
 * @param line line number in the file
 * @param labels for each token its id if it trains, otherwise {@link #IGNORE}
 * @param cut whether the row was truncated
 */
public record TokenizedRow(long line, int[] ids, int[] labels, boolean cut) {
  public static final int IGNORE = -100;

  /** Creates a row that was not truncated. */
  public TokenizedRow(long line, int[] ids, int[] labels) {
    this(line, ids, labels, false);
  }

  public boolean trains() {
    for (int label : labels) {
      if (label != IGNORE) return true;
    }
    return false;
  }

  /** Returns the number of tokens that train, without the first, which cannot be predicted. */
  public long targets() {
    long targets = 0;
    for (int t = 1; t < labels.length; t++) if (labels[t] != IGNORE) targets++;
    return targets;
  }

  /**
   * A preference row as tokens.
   *
   * @param chosen labels on the completion
   * @param rejected labels on the completion
   * @param promptLength number of prompt tokens, which both share, before truncation
   */
  public record TokenizedPair(TokenizedRow chosen, TokenizedRow rejected, int promptLength) {
    /** Whether both sides have a token to compare. */
    public boolean trains() {
      return chosen.trains() && rejected.trains();
    }

    /** Whether a side was truncated. */
    public boolean cut() {
      return chosen.cut() || rejected.cut();
    }
  }
}
