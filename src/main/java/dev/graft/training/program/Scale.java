package dev.graft.training.program;

import java.util.List;

/** {@code output = factor * input}. */
public record Scale(String output, String input, double factor) implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = torch.mul(%s, %s)", output, input, factor);
  }

  @Override
  public void reference(LayerText text) {
    forward(text);
  }

  @Override
  public void backward(LayerText text) {
    text.add(input, "torch.mul(%s, %s)".formatted(text.take(output), factor));
  }
}
