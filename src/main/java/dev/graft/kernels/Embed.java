package dev.graft.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code output = table[ids]}, rows of a table.
 *
 * @param ids null = the program's input {@code x}
 * @param table name of the tensor, with {@code .weight}
 */
public record Embed(String output, @Nullable BatchContext ids, String table) implements Statement {
  /**
   * In every embedding, the value that its token table gives, scaled where the table's module is.
   */
  public static final String ROWS = "rows";

  @Override
  public List<String> inputs() {
    return List.of();
  }

  @Override
  public List<String> tensors() {
    return List.of(table);
  }

  @Override
  public void forward(LayerText text) {
    text.line(
        "%s = __torch__.ops.embedding.forward(%s, %s)",
        output, BatchContext.indices(ids), text.tensor(table));
  }

  @Override
  public void reference(LayerText text) {
    text.line(
        "%s = __torch__.ops.embedding.reference(%s, %s)",
        output, BatchContext.indices(ids), text.tensor(table));
  }

  @Override
  public void backward(LayerText text) {
    String g = text.take(output);
    if (ids == null) text.saved(LayerProgram.INPUT);
    text.effect(
        "__torch__.ops.embedding.backward_weight(%s, %s, %s)",
        text.gradientOf(table), g, BatchContext.indices(ids));
  }
}
