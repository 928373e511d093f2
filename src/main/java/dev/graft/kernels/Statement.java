package dev.graft.kernels;

import java.util.List;

/**
 * One line of a layer: an operation on named values. It knows how to write itself as TorchScript:
 * forward, the plain definition that autograd differentiates, backward, and one step of decoding.
 *
 * <p>Values are (tokens, features) matrices, in f32 or in bf16; a statement gives what it is given,
 * with the rounding of transformers, and gradients have the type of their values. Names are
 * letters, digits and underscores; {@code x} is the layer's input.
 */
public interface Statement {
  /** The value this statement computes. */
  String output();

  /** The values it reads. */
  List<String> inputs();

  /** The tensors it reads, by their names below the layer. */
  default List<String> tensors() {
    return List.of();
  }

  /** Writes the computation of {@link #output}, and of what {@link #backward} asks to be saved. */
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

  /** Whether training computes something else here than inference, as by dropout. */
  default boolean drops() {
    return false;
  }

  /**
   * Whether backward computes the output again from the inputs instead of keeping it: it is large,
   * and no product is needed for it.
   */
  default boolean cheap() {
    return false;
  }

  /** Whether the output is a tensor of its own, which backward does not keep. */
  default boolean fresh() {
    return false;
  }

  /** Whether it drops for each token alike, by {@link BatchContext#AMONG} for those of a part. */
  default boolean dropsByToken() {
    return true;
  }

  /** Whether the output depends on something that trains. */
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

  /**
   * A statement by which tokens see something of those before them, see {@link
   * LayerProgram.CutLayer}.
   */
  interface HandsOn extends Statement {
    /** Text, over the inputs, of what tokens behind these need of them. */
    String handed();

    /** Text of a call that adds to the inputs' gradients what those tokens give back. */
    String returned(LayerText text);
  }
}
