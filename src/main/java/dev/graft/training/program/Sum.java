package dev.graft.training.program;

/** {@code output = left + right}, the residual connection. */
public record Sum(String output, String left, String right) implements Statement {
  @Override
  public void forward(LayerText text) {
    text.line("%s = torch.add(%s, %s)", output, left, right);
  }

  @Override
  public void reference(LayerText text) {
    forward(text);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    text.add(left, g);
    text.add(right, g);
  }

  @Override
  public boolean trains(LayerText text) {
    return text.needsGradient(left) || text.needsGradient(right);
  }
}
