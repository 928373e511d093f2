package dev.graft.text;

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
