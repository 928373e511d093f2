package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = input + factor * tensor}, a bias.
 *
 * @param tensor (features)
 */
public record Shift(String output, String input, String tensor, double factor)
    implements Statement {
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
    text.line(
        "%s = __torch__.ops.dtype.like(torch.add(%s, %s, alpha=%s), %s)",
        output, input, text.tensor(tensor), factor, input);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (text.isTrained(tensor)) {
      text.effect(
          "torch.add_(%s, torch.sum(%s, [0], False, dtype=ops.prim.dtype(%s)), alpha=%s)",
          text.gradientOf(tensor), g, text.gradientOf(tensor), factor);
    }
    text.add(input, g);
  }
}
