package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = factor * input}.
 *
 * @param rounded whether the factor is rounded to the type of the input first, as Gemma's
 */
public record Scale(String output, String input, double factor, boolean rounded)
    implements Statement {
  public Scale(String output, String input, double factor) {
    this(output, input, factor, false);
  }

  /** The same as another value. */
  public Scale named(String other) {
    return new Scale(other, input, factor, rounded);
  }

  private String scaled(String value) {
    String by = String.valueOf(factor);
    if (rounded) {
      by =
          "torch.full([], %1$s, dtype=ops.prim.dtype(%2$s), layout=None, device=ops.prim.device(%2$s), pin_memory=None)"
              .formatted(factor, value);
    }
    return "torch.mul(%s, %s)".formatted(value, by);
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = %s", output, scaled(input));
  }

  @Override
  public void backward(LayerText text) {
    text.add(input, scaled(text.take(output)));
  }
}
