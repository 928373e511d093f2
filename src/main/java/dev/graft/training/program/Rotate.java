package dev.graft.training.program;

/** {@code output = rope(input)}: each head turned by its token's position. */
public record Rotate(String output, String input) implements Statement {
  @Override
  public void forward(LayerText text) {
    text.line("%s = __torch__.ops.rope.forward(%s, cos, sin)", output, input);
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = __torch__.ops.rope.reference(%s, cos, sin)", output, input);
  }

  @Override
  public void backward(LayerText text) {
    text.add(input, "__torch__.ops.rope.backward(%s, cos, sin)".formatted(text.take(output)));
  }

  @Override
  public boolean trains(LayerText text) {
    return text.needsGradient(input);
  }
}
