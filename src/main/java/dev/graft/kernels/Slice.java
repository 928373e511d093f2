package dev.graft.kernels;

import java.util.List;

/**
 * Some features of a fused projection: {@code features} consist of equal groups, {@code output} has
 * {@code start .. start + size} of each.
 *
 * @param features of the input
 */
public record Slice(String output, String input, int features, int groups, int start, int size)
    implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s = __torch__.ops.slice.forward(%s, %d, %d, %d)", output, input, groups, start, size);
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (!text.needsGradient(input)) return;
    text.put(
        input,
        "__torch__.ops.slice.backward(%s, %s, %d, %d, %d)"
            .formatted(text.total(input), g, features, groups, start));
  }
}
