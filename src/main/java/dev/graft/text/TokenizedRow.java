package dev.graft.text;

/**
 * A row as tokens.
 *
 * @param line where it stands in its file
 * @param labels as long as ids: the id itself where the token is trained, else {@link #IGNORE}
 * @param cut whether it was longer
 */
public record TokenizedRow(long line, int[] ids, int[] labels, boolean cut) {
  public static final int IGNORE = -100;

  /** A whole row. */
  public TokenizedRow(long line, int[] ids, int[] labels) {
    this(line, ids, labels, false);
  }

  public boolean trains() {
    for (int label : labels) {
      if (label != IGNORE) return true;
    }
    return false;
  }

  /** Tokens that train and can be predicted: not the first. */
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
   * @param promptLength tokens that both begin with and that are no completion, before truncation
   */
  public record TokenizedPair(TokenizedRow chosen, TokenizedRow rejected, int promptLength) {
    /** Whether both sides have a token to compare. */
    public boolean trains() {
      return chosen.trains() && rejected.trains();
    }

    /** Whether a side was longer. */
    public boolean cut() {
      return chosen.cut() || rejected.cut();
    }
  }
}
