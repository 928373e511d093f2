package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = input} in f32: the begin of what is computed exactly beside a layer in bf16, and
 * the end of a model whose outputs are read. In f32 the value itself.
 */
public record Widen(String output, String input) implements Statement {
  private String kind() {
    return output + "_kind";
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = ops.prim.dtype(%s)", kind(), input);
    reference(text);
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = __torch__.ops.dtype.wide(%s)", output, input);
  }

  @Override
  public void backward(LayerText text) {
    text.add(input, "torch.to(%s, %s)".formatted(text.take(output), text.saved(kind(), "int")));
  }
}
