package dev.graft.kernels;

import java.util.List;

/** {@code output = left + factor * right}, the residual connection: both of one type. */
public record Sum(String output, String left, String right, double factor) implements Statement {
  public Sum(String output, String left, String right) {
    this(output, left, right, 1);
  }

  @Override
  public List<String> inputs() {
    return List.of(left, right);
  }

  @Override
  public void forward(LayerText text) {
    if (factor != 1) text.line("%s = torch.add(%s, %s, alpha=%s)", output, left, right, factor);
    else if (text.spent(right)) text.line("%s = torch.add_(%s, %s)", output, right, left);
    else text.line("%s = torch.add(%s, %s)", output, left, right);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    text.add(left, g);
    text.add(right, factor == 1 ? g : "torch.mul(%s, %s)".formatted(g, factor));
  }
}
