package dev.graft.kernels;

import org.jspecify.annotations.Nullable;

/**
 * The tensors that a batch gives to every layer: the elements of the methods' argument {@code c},
 * in this order, followed by the masks of attention. Those that a model does not use are empty.
 */
public enum BatchContext {
  /** Cosine of the angle of each token and pair, (tokens, half of the rotated features). */
  COS,
  SIN,
  /** As {@link #COS}, for the layers that rotate by other angles, such as Gemma 3's local ones. */
  LOCAL_COS,
  LOCAL_SIN,
  /** Row of the table of learned positions, (tokens). */
  POSITIONS,
  /** Row of the table of token types, (tokens). */
  TOKEN_TYPES,
  /** Indices of the tokens that the head reads. */
  PICKED,
  /**
   * For each key the first query that sees it, the query after the last one, and its position, (3,
   * keys).
   */
  VISIBLE,
  /** Source of each token when virtual tokens are put in front of rows, (tokens). */
  JOINED,
  /** Width of the batch as a rectangle, in tokens without virtual ones, (). */
  WIDTH,
  /**
   * Places of these tokens in the whole batch, where they are a part of a batch with dropout; the
   * tensor is as long as the whole batch has tokens.
   */
  AMONG,
  /**
   * Keys and values of the tokens before these, where they are a lane of a batch, (2, kv, n, d).
   */
  EARLIER,
  /** Receives the gradient of {@link #EARLIER}. */
  EARLIER_GRADIENT,
  /** Gradient of the keys and values of these tokens and of those before, from later lanes. */
  LATER_GRADIENT;

  public String reference() {
    return "c[" + ordinal() + "]";
  }

  /**
   * Returns the text of the indices of the table rows that a batch reads.
   *
   * @param ids null = the program's input
   */
  public static String indices(@Nullable BatchContext ids) {
    return ids == null ? LayerProgram.INPUT : ids.reference();
  }
}
