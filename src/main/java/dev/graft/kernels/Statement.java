package dev.graft.kernels;

import java.util.List;

/**
 * One line of a layer: an operation on named values. It knows how to write itself as TorchScript:
 * forward, the plain definition that autograd differentiates, backward, and one step of decoding.
 *
 * <p>Values are (tokens, features) matrices, in f32 or in bf16; a statement keeps the type of its
 * input, rounds as transformers does, and gradients have the type of their values. Names are
 * letters, digits and underscores; {@code x} is the layer's input.
 */
public interface Statement {
  /** Returns the name of the value that this statement computes. */
  String output();

  /** Returns the names of the values that it reads. */
  List<String> inputs();

  /** Returns the tensors that it reads, by their names below the layer. */
  default List<String> tensors() {
    return List.of();
  }

  /** Writes the computation of {@link #output} and of the values that {@link #backward} needs. */
  void forward(LayerText text);

  /**
   * Writes the definition, differentiable by autograd, without saving anything: {@link #forward}
   * itself, where that saves nothing and calls no kernel.
   */
  default void reference(LayerText text) {
    forward(text);
  }

  /**
   * Writes the gradients of the inputs and of the trained tensors, given that of the output. Called
   * only when something before or in this statement trains.
   */
  void backward(LayerText text);

  /** Returns whether training computes something else than inference here, as with dropout. */
  default boolean drops() {
    return false;
  }

  /**
   * Returns whether backward recomputes the output from the inputs instead of keeping it, because
   * it is large and needs no matrix product.
   */
  default boolean cheap() {
    return false;
  }

  /** Returns whether the output is a new tensor that backward does not keep. */
  default boolean fresh() {
    return false;
  }

  /**
   * Returns whether dropout is drawn per token, so that parts of a batch can use {@link
   * BatchContext#AMONG}.
   */
  default boolean dropsByToken() {
    return true;
  }

  /** Returns whether the output depends on something that trains. */
  default boolean trains(LayerText text) {
    return inputs().stream().anyMatch(text::needsGradient)
        || tensors().stream().anyMatch(text::isTrained);
  }

  /** Writes the computation for tokens that follow others, see {@code Attend}. */
  default void decode(LayerText text) {
    forward(text);
  }

  /** A statement that reads one value. */
  interface Unary extends Statement {
    String input();

    @Override
    default List<String> inputs() {
      return List.of(input());
    }
  }

  /** A statement in which tokens depend on earlier tokens, see {@link LayerProgram.CutLayer}. */
  interface HandsOn extends Statement {
    /** Returns the text, over the inputs, of what later tokens need of these. */
    String handed();

    /**
     * Returns the text of a call that adds the gradients from later tokens to those of the inputs.
     */
    String returned(LayerText text);
  }
}
