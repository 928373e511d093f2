package dev.graft.kernels;

import dev.graft.weights.ModelConfig.Activation;
import java.util.List;

/** {@code output = activation(input)}. */
public record Activate(String output, String input, Activation activation) implements Statement {
  private ActivationKernel kernel() {
    return new ActivationKernel(activation);
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = %s", output, kernel().forward(input));
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = %s", output, kernel().reference(input));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.total(output);
    text.take(output);
    text.add(input, kernel().backward(g, text.saved(input)));
  }
}
