package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = dense + factor * path}: what a base's layer gives and what an adapter adds to it.
 * The path is in f32, the sum has the type of the layer.
 */
public record AdapterSum(String output, String dense, String path, double factor)
    implements Statement {
  @Override
  public List<String> inputs() {
    return List.of(dense, path);
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s = __torch__.ops.dtype.like(torch.add(%s, %s, alpha=%s), %s)",
        output, dense, path, factor, dense);
  }

  /** Never the same tensor for both: each is changed in place. */
  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    text.add(path, "torch.mul(__torch__.ops.dtype.wide(%s), %s)".formatted(g, factor));
    text.add(dense, g);
  }
}
