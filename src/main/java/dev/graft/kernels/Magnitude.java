package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = input * (magnitude / norm)}, a learned length for each feature (DoRA, Liu et al.
 * 2024). The norm never trains.
 *
 * @param magnitude (features)
 * @param norm (features), what the length would be otherwise
 */
public record Magnitude(String output, String input, String magnitude, String norm)
    implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public List<String> tensors() {
    return List.of(magnitude, norm);
  }

  private String scaled(LayerText text, String value) {
    return "__torch__.adapters.dora.forward(%s, %s, %s)"
        .formatted(value, text.tensor(magnitude), text.tensor(norm));
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = %s", output, scaled(text, input));
  }

  @Override
  public void backward(LayerText text) {
    if (text.isTrained(norm)) throw new IllegalStateException(norm + " must not train");
    String g = text.take(output);
    if (text.isTrained(magnitude)) {
      text.effect(
          "__torch__.adapters.dora.backward_magnitude(%s, %s, %s, %s)",
          text.gradientOf(magnitude), g, text.saved(input), text.tensor(norm));
    }
    text.add(input, scaled(text, g));
  }
}
