package dev.graft.kernels;

import dev.graft.weights.ModelConfig.Activation;
import java.util.Locale;

/** Calls of the element-wise kernels, which are called as the functions, in lower case. */
record ActivationKernel(Activation activation) {
  private String function(String part) {
    return "__torch__.ops.activation." + activation.name().toLowerCase(Locale.ROOT) + part;
  }

  String forward(String x) {
    return "%s(%s)".formatted(function(""), x);
  }

  /** The definition, where the forward kernel is a fused one. */
  String reference(String x) {
    return "%s(%s)".formatted(function("_reference"), x);
  }

  /**
   * @param g used up
   */
  String backward(String g, String x) {
    return "%s(%s, %s)".formatted(function("_backward"), g, x);
  }
}
