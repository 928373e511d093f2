package dev.graft.model;

import dev.graft.kernels.Statement;
import java.util.List;

/** Adds the paths of a method to the statements of a model. */
@FunctionalInterface
public interface Rewrite {
  /** Leaves the base unchanged. */
  Rewrite NONE = (prefix, statements) -> statements;

  /**
   * @param prefix of the names of the statements' tensors, such as {@code model.layers.3.}; empty
   *     for the embedding and the head
   */
  List<Statement> apply(String prefix, List<Statement> statements);

  /**
   * Returns the name of the output matrix, which computes logits from the output of the head.
   *
   * @param ofBase that of the base
   */
  default String output(String ofBase) {
    return ofBase;
  }

  /** Returns the tokens that the statements put in front of every row. */
  default VirtualTokens virtualTokens() {
    return VirtualTokens.NONE;
  }

  /**
   * Tokens that a method puts in front of every row. Real tokens start at position {@link #count}.
   *
   * @param rows that the embedding prepends, so that rows get longer
   * @param keys that exist only as keys and values of attention
   */
  record VirtualTokens(int rows, int keys) {
    public static final VirtualTokens NONE = new VirtualTokens(0, 0);

    public int count() {
      return rows + keys;
    }
  }
}
