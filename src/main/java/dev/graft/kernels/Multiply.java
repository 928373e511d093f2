package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = input * tensor}, a factor for each feature.
 *
 * @param tensor as many elements as the input has features, in any shape
 */
public record Multiply(String output, String input, String tensor) implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return List.of(tensor);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = __torch__.ops.multiply.forward(%s, %s)", output, input, text.tensor(tensor));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (text.isTrained(tensor)) {
      text.effect(
          "__torch__.ops.multiply.backward_factor(%s, %s, %s)",
          text.gradientOf(tensor), g, text.saved(input));
    }
    text.add(input, "__torch__.ops.multiply.forward(%s, %s)".formatted(g, text.tensor(tensor)));
  }
}
