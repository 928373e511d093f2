package dev.graft.kernels;

import java.util.List;

/**
 * {@code output = rope(input)}: the first features of each head turned by its token's position.
 *
 * @param size features of a head; those beyond the tables' are left as they are
 * @param local by the second tables of the {@link BatchContext}
 */
public record RotaryEmbedding(String output, String input, int size, boolean local)
    implements Statement {
  public RotaryEmbedding(String output, String input, int size) {
    this(output, input, size, false);
  }

  private String tables() {
    return local
        ? BatchContext.LOCAL_COS.reference() + ", " + BatchContext.LOCAL_SIN.reference()
        : BatchContext.COS.reference() + ", " + BatchContext.SIN.reference();
  }

  @Override
  public List<String> inputs() {
    return List.of(input);
  }

  @Override
  public void forward(LayerText text) {
    text.line("%s = __torch__.ops.rope.forward(%s, %s, %d)", output, input, tables(), size);
  }

  @Override
  public void reference(LayerText text) {
    text.line("%s = __torch__.ops.rope.reference(%s, %s, %d)", output, input, tables(), size);
  }

  @Override
  public void backward(LayerText text) {
    text.add(
        input,
        "__torch__.ops.rope.backward(%s, %s, %d)".formatted(text.take(output), tables(), size));
  }
}
