package dev.graft.weights;

import org.jspecify.annotations.Nullable;

/** Activation functions that config files name. */
public enum Activation {
  SILU,
  /** With the error function. */
  GELU,
  /** With tanh in place of the error function. */
  GELU_TANH,
  RELU,
  TANH;

  /** By the name of transformers; null where it is not supported. */
  public static @Nullable Activation named(String name) {
    return switch (name) {
      case "silu", "swish" -> SILU;
      case "gelu", "gelu_python" -> GELU;
      case "gelu_new", "gelu_pytorch_tanh", "gelu_python_tanh", "gelu_fast" -> GELU_TANH;
      case "relu" -> RELU;
      case "tanh" -> TANH;
      default -> null;
    };
  }
}
