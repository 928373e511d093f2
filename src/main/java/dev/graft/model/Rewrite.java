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
}
