package dev.graft.kernels;

import org.jspecify.annotations.Nullable;

/**
 * What a batch says to every layer: the elements of the methods' argument {@code c}, in this order,
 * and then the masks of attention. Those that a model has no use for are tensors without elements.
 */
public enum BatchContext {
  /** Cosine of the angle of each token and pair, (tokens, half of the rotated features). */
  COS,
  SIN,
  /** As {@link #COS}, for the layers of a second rope, such as Gemma 3's local ones. */
  LOCAL_COS,
  LOCAL_SIN,
  /** Row of the table of learned positions, (tokens). */
  POSITIONS,
  /** Row of the table of token types, (tokens). */
  TOKEN_TYPES,
  /** Indices of the tokens that the head looks at. */
  PICKED,
  /**
   * Of each key the first query that sees it, the one after the last, and its position, (3, keys).
   */
  VISIBLE,
  /** Where the tokens come from when virtual ones are put in front of rows, (tokens). */
  JOINED,
  /** How wide the batch is as a rectangle, in tokens without virtual ones, (). */
  WIDTH,
  /**
   * Which tokens of a whole batch these are, where they are a part of one that drops at random:
   * first their places, then as many numbers more as the whole has tokens.
   */
  AMONG,
  /**
   * Keys and values of the tokens before these, where they are a lane of a batch, (2, kv, n, d).
   */
  EARLIER,
  /** Where the gradient of those goes. */
  EARLIER_GRADIENT,
  /** Gradient of these tokens' own keys and values, and those before, from lanes behind. */
  LATER_GRADIENT;

  public String reference() {
    return "c[" + ordinal() + "]";
  }

  /**
   * Where the rows of a table are that a batch asks for.
   *
   * @param ids null = the program's input
   */
  public static String indices(@Nullable BatchContext ids) {
    return ids == null ? LayerProgram.INPUT : ids.reference();
  }
}
