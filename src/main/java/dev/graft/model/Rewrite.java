package dev.graft.model;

import dev.graft.kernels.Statement;
import java.util.List;

/** Brings a method's paths into the statements of a model. */
@FunctionalInterface
public interface Rewrite {
  /** Leaves the base as it is. */
  Rewrite NONE = (prefix, statements) -> statements;

  /**
   * @param prefix what the names of the statements' tensors begin with, such as {@code
   *     model.layers.3.}; empty for the embedding and the head
   */
  List<Statement> apply(String prefix, List<Statement> statements);

  /**
   * Name of the matrix that makes logits of what the head computes.
   *
   * @param ofBase that of the base
   */
  default String output(String ofBase) {
    return ofBase;
  }

  /** What the statements put in front of every row. */
  default VirtualTokens virtualTokens() {
    return VirtualTokens.NONE;
  }

  /**
   * Tokens that a method puts in front of every row. Real tokens start at position {@link #count}.
   *
   * @param rows that the embedding stage prepends: the width of a row grows by them
   * @param keys that only the keys and values of attention have
   */
  record VirtualTokens(int rows, int keys) {
    public static final VirtualTokens NONE = new VirtualTokens(0, 0);

    public int count() {
      return rows + keys;
    }
  }
}
