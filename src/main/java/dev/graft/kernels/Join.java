package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = [left, right]}, features side by side.
 *
 * @param width features of the right one
 */
public record Join(String output, String left, String right, int width) implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(left, right);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = torch.cat([%s, %s], 1)", output, left, right);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    text.add(
        left, "torch.clone(torch.narrow(%s, 1, 0, torch.size(%s, 1) - %d))".formatted(g, g, width));
    text.add(
        right,
        "torch.clone(torch.narrow(%s, 1, torch.size(%s, 1) - %d, %d))"
            .formatted(g, g, width, width));
  }
}
