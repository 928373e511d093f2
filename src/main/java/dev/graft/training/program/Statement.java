package dev.graft.training.program;

/**
 * One line of a layer: an operation on named values. It knows how to write itself as TorchScript:
 * forward, the plain definition that autograd differentiates, backward, and one step of decoding.
 *
 * <p>Values are (rows tokens, features) matrices. Names are letters, digits and underscores; {@code
 * x} is the layer's input.
 */
public sealed interface Statement permits Norm, Linear, Rotate, Attend, Gate, Sum {
  /** The value this statement computes. */
  String output();

  /** Writes the computation of {@link #output}, and of what {@link #backward} asks to be saved. */
  void forward(LayerText text);

  /** Writes the definition, differentiable by autograd, without saving anything. */
  void reference(LayerText text);

  /**
   * Writes the gradients of the inputs and of the trained tensors, given that of the output. Called
   * only when something before or in this statement trains.
   */
  void backward(LayerText text);

  /** Whether the output depends on something that trains. */
  boolean trains(LayerText text);

  /** Writes the computation for tokens that follow others, see {@link Attend}. */
  default void decode(LayerText text) {
    forward(text);
  }
}
