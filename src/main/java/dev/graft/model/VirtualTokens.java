package dev.graft.model;

/**
 * Tokens that a method puts in front of every row. Real tokens start at position {@link #count}.
 *
 * @param rows that the embedding stage prepends: the width of a row grows by them
 * @param keys that only the keys and values of attention have
 */
public record VirtualTokens(int rows, int keys) {
  public static final VirtualTokens NONE = new VirtualTokens(0, 0);

  public int count() {
    return rows + keys;
  }
}
